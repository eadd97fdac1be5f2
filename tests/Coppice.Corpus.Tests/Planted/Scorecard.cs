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
    private const int MissesShown = 20;

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
        var right = Things().Count(thing => IsMasked(thing.Document, thing.Thing));
        var masks = (int)documents.Sum(document => outcome.Changes(document.Id, "pii-mask"));
        var wanted = Things().Where(thing => what is null || thing.Thing.What == what).ToList();
        return new Score(what ?? PersonalThings.Kind, wanted.Count, wanted.Count(thing => IsMasked(thing.Document, thing.Thing)), masks - right, right);
    }

    /// <summary>Garbled texts: each should be repaired to the character, and nothing else touched.</summary>
    public Score Repaired()
    {
        var garbled = documents.Where(document => document.Kind == GarbledTexts.Kind).ToList();
        return new Score(
            GarbledTexts.Kind, garbled.Count, garbled.Count(document => outcome.TextOf(document.Id) == document.Expected), WronglyRepaired().Count(), garbled.Count(IsRepaired));
    }

    /// <summary>Lines of boilerplate around texts: each should go, and no line of a text.</summary>
    public Score LinesRemoved()
    {
        var texts = documents.Where(document => document.Kind == Boilerplate.Lines).ToList();
        var found = texts.Sum(document => document.Things.Count) - LinesLeft().Count();
        var lost = documents.Where(document => document.Stays && outcome.TextOf(document.Id) is not null && outcome.Changes(document.Id, "prox") > 0)
            .Sum(document => document.Expected.Split('\n').Except(outcome.TextOf(document.Id)!.Split('\n')).Count(line => line.Length > 0));
        return new Score(Boilerplate.Lines, texts.Sum(document => document.Things.Count), found, lost, found);
    }

    /// <summary>What was not found or wrongly changed, for the one who mends it.</summary>
    public IEnumerable<string> Misses()
    {
        foreach (var line in LinesLeft().GroupBy(line => line).OrderByDescending(line => line.Count()).Take(MissesShown)) yield return $"line left {line.Count()} times: {line.Key}";
        foreach (var (document, thing) in Things().Where(thing => !IsMasked(thing.Document, thing.Thing)).Take(MissesShown)) yield return $"{thing.What} not masked in {document.Id}: {thing.Value} (should be '{thing.Expected}')";
        foreach (var document in documents.Where(document => document.Kind == GarbledTexts.Kind && outcome.TextOf(document.Id) is { } text && text != document.Expected).Take(MissesShown))
        {
            var text = outcome.TextOf(document.Id)!;
            var place = Math.Max(0, text.Zip(document.Expected).TakeWhile(signs => signs.First == signs.Second).Count() - 20);
            yield return $"not repaired: {document.Id}, '{text.AsSpan(place, Math.Min(40, text.Length - place))}' for '{document.Expected.AsSpan(place, Math.Min(40, document.Expected.Length - place))}'";
        }

        foreach (var document in WronglyRepaired().Take(MissesShown)) yield return $"repaired and was right: {document.Id}";
    }

    /// <summary>What became of documents that should stay, by source: a line each.</summary>
    public IEnumerable<string> Kept()
    {
        // Of a near duplicate and its original one should go: they are judged as pairs.
        var paired = documents.Select(document => document.NearlyThe).OfType<string>().ToHashSet(StringComparer.Ordinal);
        foreach (var source in documents.Where(document => document.Stays && !paired.Contains(document.Id)).GroupBy(document => document.Source).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            var kept = source.Where(document => outcome.DroppedBy(document.Id) is null).ToList();
            var asTheyShould = kept.Count(document => outcome.TextOf(document.Id)!.Trim() == document.Expected);
            yield return string.Create(CultureInfo.InvariantCulture, $"{source.Key}: {kept.Count} of {source.Count()} that should stay do, {asTheyShould} of them as they should be");
            foreach (var reason in source.Select(document => outcome.WhyDropped(document.Id)).OfType<string>().GroupBy(reason => reason).OrderByDescending(group => group.Count()))
            {
                yield return $"    {reason.Count()} dropped by {reason.Key}";
            }

            foreach (var change in kept.Where(document => outcome.TextOf(document.Id)!.Trim() != document.Expected).GroupBy(document => $"{document.Kind}, changed by {string.Join(", ", outcome.ChangedBy(document.Id))}").OrderByDescending(group => group.Count()))
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

    private IEnumerable<(PlantedDocument Document, PlantedThing Thing)> Things() =>
        documents.Where(document => document.Kind == PersonalThings.Kind).SelectMany(document => document.Things.Select(thing => (document, thing)));

    private bool IsMasked(PlantedDocument document, PlantedThing thing) => outcome.TextOf(document.Id)?.Contains(thing.Expected, StringComparison.Ordinal) == true;

    private bool IsRepaired(PlantedDocument document) => outcome.Changes(document.Id, "unicode-repair", "characters in the wrong encoding") > 0;

    private IEnumerable<PlantedDocument> WronglyRepaired() => documents.Where(document => document.Kind != GarbledTexts.Kind && IsRepaired(document));

    private IEnumerable<string> LinesLeft() => documents.Where(document => document.Kind == Boilerplate.Lines)
        .SelectMany(document => document.Things.Select(thing => thing.Value).Where(line => outcome.TextOf(document.Id)?.Split('\n').Contains(line) != false));
}
