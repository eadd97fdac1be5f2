using System.Globalization;

namespace Coppice.Corpus.Deduplication;

/// <summary>Which of several copies stays. Copies in an earlier corpus always win, and equals go to the one that comes first.</summary>
public enum KeepPolicy
{
    /// <summary>The longest.</summary>
    Longest,

    /// <summary>The one with the latest date; one without a date comes last.</summary>
    Newest,

    /// <summary>The one with the earliest date; one without a date comes last.</summary>
    Oldest,

    /// <summary>The one with the highest score; one without a score comes last.</summary>
    Best,

    /// <summary>The one with the lowest score, as with perplexity; one without a score comes last.</summary>
    Lowest,

    /// <summary>The first in the order of the corpus.</summary>
    First,
}

/// <summary>A keep policy as one number for each document, so that copies can be put in order by sorting.</summary>
internal static class Preference
{
    /// <summary>The preference of documents of an earlier corpus, above all others.</summary>
    public const ulong Earlier = 0;

    /// <summary>How far back in the order of preference a document stands: the smallest number stays.</summary>
    /// <param name="document">The document.</param>
    /// <param name="policy">What is preferred.</param>
    public static ulong Of(in SketchedDocument document, KeepPolicy policy)
    {
        if (document.IsEarlier) return Earlier;
        return policy switch
        {
            KeepPolicy.Longest => ulong.MaxValue - (ulong)document.Characters,
            KeepPolicy.Newest => ulong.MaxValue - (ulong)(Ticks(document.Date) ?? 0),
            KeepPolicy.Oldest => 1 + (ulong)(Ticks(document.Date) ?? long.MaxValue),
            KeepPolicy.Best => ulong.MaxValue - Ascending(document.Score),
            KeepPolicy.Lowest => document.Score is null or double.NaN ? ulong.MaxValue : 1 + Ascending(document.Score),
            _ => 1,
        };
    }

    private static long? Ticks(string? date)
    {
        if (date is null) return null;
        const DateTimeStyles Styles = DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowWhiteSpaces;
        var culture = CultureInfo.InvariantCulture;
        return DateTimeOffset.TryParse(date, culture, Styles, out var value) || DateTimeOffset.TryParseExact(date, "yyyy", culture, Styles, out value)
            ? value.UtcTicks
            : null;
    }

    /// <summary>Bits that are in the order of the numbers; below all of them where there is none.</summary>
    private static ulong Ascending(double? score)
    {
        if (score is not { } number || double.IsNaN(number)) return 0;
        var bits = BitConverter.DoubleToInt64Bits(number);
        return (ulong)(bits < 0 ? ~bits : bits | long.MinValue) >> 1;
    }
}
