using System.Globalization;

namespace Coppice.Inference;

/// <summary>Integers between two bounds, as digits.</summary>
internal static class IntegerRange
{
    /// <summary>The largest integer that is written: 16 digits. A small model that may write more digits often writes no end of them.</summary>
    public const long Largest = 9_999_999_999_999_999;

    private static readonly Pattern AnyDigit = new Pattern.Characters(new CodePoints(('0', '9')));

    /// <summary>The integers from one to another.</summary>
    /// <param name="least">The least, at least -<see cref="Largest"/>.</param>
    /// <param name="most">The most, at least <paramref name="least"/> and at most <see cref="Largest"/>.</param>
    public static Pattern Of(long least, long most)
    {
        var alternatives = new List<Pattern>();
        if (least < 0) alternatives.AddRange(Positive(Math.Max(1, -most), -least).Select(digits => Pattern.Of(new Pattern.Literal("-"), digits)));
        if (most >= 0) alternatives.AddRange(Positive(Math.Max(0, least), most));
        return new Pattern.Choice(alternatives);
    }

    private static IEnumerable<Pattern> Positive(long least, long most)
    {
        // Lengths of which all numbers are in the range; one behind the other, without that of 0.
        var whole = new List<int>();
        for (var (length, smallest, largest) = (1, 0L, 9L); smallest <= most; (length, smallest, largest) = (length + 1, largest + 1, 10 * largest + 9))
        {
            if (length > 1 && least <= smallest && largest <= most) whole.Add(length);
            else if (largest >= least) yield return OfEqualLength(Digits(Math.Max(least, smallest)), Digits(Math.Min(most, largest)));
        }

        if (whole.Count > 0) yield return Pattern.Of(new Pattern.Characters(new CodePoints(('1', '9'))), new Pattern.Repeat(AnyDigit, whole[0] - 1, whole[^1] - 1));
    }

    private static Pattern OfEqualLength(string least, string most)
    {
        if (least.Length == 0) return Pattern.Nothing;
        if (least[0] == most[0]) return Pattern.Of(new Pattern.Literal(least[..1]), OfEqualLength(least[1..], most[1..]));
        var rest = least.Length - 1;
        var (zeros, nines) = (new string('0', rest), new string('9', rest));
        var (first, last) = ((int)least[0], (int)most[0]);
        var alternatives = new List<Pattern>();
        if (least[1..] != zeros) alternatives.Add(Pattern.Of(new Pattern.Literal($"{(char)first++}"), OfEqualLength(least[1..], nines)));
        if (most[1..] != nines) alternatives.Add(Pattern.Of(new Pattern.Literal($"{(char)last--}"), OfEqualLength(zeros, most[1..])));
        if (first <= last) alternatives.Add(Pattern.Of(new Pattern.Characters(new CodePoints((first, last))), new Pattern.Repeat(AnyDigit, rest, rest)));
        return new Pattern.Choice(alternatives);
    }

    private static string Digits(long value) => value.ToString(CultureInfo.InvariantCulture);
}
