using System.Globalization;
using System.Text;
using Coppice.Foundation;

namespace Coppice.Corpus.Unicode;

/// <summary>What <see cref="UnicodeRepair"/> repairs.</summary>
public sealed record UnicodeRepairOptions
{
    /// <summary>Whether UTF-8 that was read as windows-1252 is restored.</summary>
    public bool Mojibake { get; init; } = true;

    /// <summary>Whether text is brought to Unicode's normalisation form C: one code point for a letter with its accent.</summary>
    public bool Normalize { get; init; } = true;

    /// <summary>Whether control characters but tab and LF, and non-characters, are removed, and lone surrogates replaced.</summary>
    public bool Controls { get; init; } = true;

    /// <summary>Whether invisible format characters are removed: zero-width spaces, soft hyphens, byte-order marks, marks of the direction of writing.</summary>
    public bool Invisible { get; init; } = true;

    /// <summary>Whether all line ends become LF: CR LF, CR, NEL, line and paragraph separators.</summary>
    public bool LineEnds { get; init; } = true;

    /// <summary>Whether no-break and other odd spaces become plain ones.</summary>
    public bool Spaces { get; init; } = true;

    /// <summary>The largest share of replacement characters (U+FFFD), after repair, of a document that is kept; null for any.</summary>
    public double? MaxReplacementCharacters { get; init; } = 0.01;
}

/// <summary>
/// Repairs text character by character: text in the wrong encoding (<see cref="Unicode.Mojibake"/>), line ends, controls, invisible characters, odd spaces, normal form C.
/// Drops documents of which too much is lost, by the share of replacement characters.
/// </summary>
/// <remarks>
/// Joiners (U+200C, U+200D) stay between letters of scripts that spell with them and between emoji; direction marks go everywhere, since they only matter to the eye. What is
/// written in ASCII, tabs and LF alone is recognised at the speed of memory and stays the same object.
/// </remarks>
/// <param name="options">What to repair; null for everything.</param>
[Technique("ftfy", Title = "ftfy: fixes text for you (R. Speer, 2019)", Paper = "doi:10.5281/zenodo.2591652")]
public sealed class UnicodeRepair(UnicodeRepairOptions? options = null) : IDocumentStep
{
    private readonly UnicodeRepairOptions _options = options ?? new UnicodeRepairOptions();

    /// <inheritdoc/>
    public string Name => "unicode-repair";

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin()
    {
        var cleaner = new CharacterCleaner(_options);
        return document => Repair(document, cleaner);
    }

    private StepResult Repair(Document document, CharacterCleaner cleaner)
    {
        var text = document.Text;
        if (CharacterCleaner.IsPlain(text)) return StepResult.Keep(document);
        var changes = new List<ReasonCount>();
        if (_options.Mojibake)
        {
            (text, var repairs) = Mojibake.Repair(text);
            if (repairs > 0) changes.Add(new ReasonCount("characters in the wrong encoding", repairs));
        }

        text = cleaner.Clean(text, changes);
        if (_options.Normalize) text = Normalized(text, changes);
        if (_options.MaxReplacementCharacters is { } most && text.Length > 0)
        {
            var share = (double)text.AsSpan().Count('\uFFFD') / text.Length;
            var measured = new Measurement("replacement characters", share, most);
            if (share > most) return StepResult.Drop("too many replacement characters", measured);
        }

        return changes.Count == 0 ? StepResult.Keep(document) : StepResult.Rewrite(document with { Text = text }, changes);
    }

    private static string Normalized(string text, List<ReasonCount> changes)
    {
        // Normalisation refuses lone surrogates, which are there where controls are not repaired, and sorts runs of marks in quadratic time.
        if (HasLoneSurrogates(text) || HasLongRunOfMarks(text) || text.IsNormalized(NormalizationForm.FormC)) return text;
        changes.Add(new ReasonCount("documents brought to normal form C", 1));
        return text.Normalize(NormalizationForm.FormC);
    }

    private static bool HasLongRunOfMarks(string text)
    {
        const int LongestRun = 1000;
        const char FirstMark = '\u0300';
        var run = 0;
        foreach (var unit in text)
        {
            run = unit >= FirstMark && char.GetUnicodeCategory(unit) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark ? run + 1 : 0;
            if (run > LongestRun) return true;
        }

        return false;
    }

    private static bool HasLoneSurrogates(string text)
    {
        for (var rest = text.AsSpan(); rest.IndexOfAnyInRange('\uD800', '\uDFFF') is var i and >= 0; rest = rest[(i + 2)..])
        {
            if (i + 1 >= rest.Length || !char.IsSurrogatePair(rest[i], rest[i + 1])) return true;
        }

        return false;
    }
}
