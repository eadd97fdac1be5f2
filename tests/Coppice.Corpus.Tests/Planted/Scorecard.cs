using System.Globalization;

namespace Coppice.Corpus.Tests.Planted;

/// <summary>How much of a kind was found, and how much of what was taken for it was it.</summary>
/// <param name="Kind">What was looked for.</param>
/// <param name="Planted">How many were planted.</param>
/// <param name="Found">How many of them were found.</param>
/// <param name="Wrong">How many others its steps dropped or changed that should have stayed.</param>
/// <param name="Right">How many its steps dropped or changed rightly, of this kind or another.</param>
internal readonly record struct Score(string Kind, int Planted, int Found, int Wrong, int Right)
{
    public double Recall => (double)Found / Planted;

    public double Precision => Right + Wrong == 0 ? 1 : (double)Right / (Right + Wrong);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Kind,-32} {Planted,7} {Found,6} {Wrong,6} {Precision,10:0.000} {Recall,7:0.000}");
}

/// <summary>Compares what was planted with what became of it.</summary>
/// <param name="documents">The planted documents.</param>
/// <param name="outcome">What became of them.</param>
internal sealed class Scorecard(IReadOnlyList<PlantedDocument> documents, Outcome outcome)
{
    public const string Heading = "kind                             planted  found  wrong  precision  recall";

    private const string Duplicates = "minhash";

    /// <summary>Documents of a kind that should be dropped by one of some steps.</summary>
    public Score Dropped(string kind, params string[] steps)
    {
        var dropped = documents.Where(document => steps.Contains(outcome.DroppedBy(document.Id))).ToList();
        var right = dropped.Count(document => document.IsRightlyDroppedBy(outcome.DroppedBy(document.Id)!));
        return new Score(kind, documents.Count(document => document.Kind == kind), dropped.Count(document => document.Kind == kind), dropped.Count - right, right);
    }

    /// <summary>Near duplicates: of a pair one should go, and the other stay.</summary>
    public Score NearDuplicate(int percent)
    {
        var pairs = documents.Where(document => document.NearlyThe is not null).ToList();
        var found = pairs.Where(copy => (outcome.DroppedBy(copy.Id) == Duplicates) != (outcome.DroppedBy(copy.NearlyThe!) == Duplicates)).ToList();
        var kind = NearDuplicates.KindOf(percent);
        return new Score(
            kind, pairs.Count(copy => copy.Kind == kind), found.Count(copy => copy.Kind == kind), documents.Count(document => outcome.DroppedBy(document.Id) == Duplicates) - found.Count, found.Count);
    }

    /// <summary>Personal things of one sort, or of all: each should be masked, whole and alone.</summary>
    public Score Masked(string? what = null)
    {
        var things = documents.SelectMany(document => document.Things.Where(_ => document.Kind == PersonalThings.Kind).Select(thing => (thing.What, IsMasked: outcome.TextOf(document.Id)?.Contains(thing.Expected, StringComparison.Ordinal) == true))).ToList();
        var right = things.Count(thing => thing.IsMasked);
        var masks = (int)documents.Sum(document => outcome.Changes(document.Id, "pii-mask"));
        var wanted = things.Where(thing => what is null || thing.What == what).ToList();
        return new Score(what ?? PersonalThings.Kind, wanted.Count, wanted.Count(thing => thing.IsMasked), masks - right, right);
    }

    /// <summary>Garbled texts: each should be repaired to the character, and nothing else touched.</summary>
    public Score Repaired()
    {
        const string Change = "characters in the wrong encoding";
        var repaired = documents.Where(document => outcome.Changes(document.Id, "unicode-repair", Change) > 0).ToList();
        var garbled = documents.Where(document => document.Kind == GarbledTexts.Kind).ToList();
        var exact = garbled.Count(document => outcome.TextOf(document.Id) == document.Expected);
        return new Score(GarbledTexts.Kind, garbled.Count, exact, repaired.Count(document => document.Kind != GarbledTexts.Kind), repaired.Count(document => document.Kind == GarbledTexts.Kind));
    }

    /// <summary>Lines of boilerplate around texts: each should go, and no other line.</summary>
    public Score LinesRemoved()
    {
        var texts = documents.Where(document => document.Kind == Boilerplate.Lines).ToList();
        var planted = texts.Sum(document => document.Things.Count);
        var left = texts.Sum(document => outcome.TextOf(document.Id) is { } text ? document.Things.Count(thing => text.Split('\n').Contains(thing.Value)) : document.Things.Count);
        var removed = (int)documents.Where(document => document.Stays).Sum(document => outcome.Changes(document.Id, "prox", "lines removed"));
        return new Score(Boilerplate.Lines, planted, planted - left, Math.Max(0, removed - (planted - left)), planted - left);
    }

    /// <summary>What became of documents that should stay, by source: a line each.</summary>
    public IEnumerable<string> Kept()
    {
        // Of a near duplicate and its original one should go: they are judged as pairs.
        var paired = documents.Select(document => document.NearlyThe).OfType<string>().ToHashSet(StringComparer.Ordinal);
        foreach (var source in documents.Where(document => document.Stays && !paired.Contains(document.Id)).GroupBy(document => document.Source).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            var kept = source.Where(document => outcome.DroppedBy(document.Id) is null).ToList();
            var asTheyShould = kept.Count(document => outcome.TextOf(document.Id) == document.Expected);
            yield return string.Create(CultureInfo.InvariantCulture, $"{source.Key}: {kept.Count} of {source.Count()} that should stay do, {asTheyShould} of them as they should be");
            foreach (var reason in source.Select(document => outcome.WhyDropped(document.Id)).OfType<string>().GroupBy(reason => reason).OrderByDescending(group => group.Count()))
            {
                yield return $"    {reason.Count()} dropped by {reason.Key}";
            }

            foreach (var change in kept.Where(document => outcome.TextOf(document.Id) != document.Expected).GroupBy(document => $"{document.Kind}, changed by {string.Join(", ", outcome.ChangedBy(document.Id))}").OrderByDescending(group => group.Count()))
            {
                yield return $"    {change.Count()} otherwise: {change.Key}";
            }
        }
    }

    /// <summary>The share of documents of a source that should stay and do.</summary>
    public double ShareKept(string source)
    {
        var staying = documents.Where(document => document.Stays && document.Source == source).ToList();
        var kept = staying.Count(document => outcome.DroppedBy(document.Id) is null or Duplicates);
        return (double)kept / staying.Count;
    }
}
