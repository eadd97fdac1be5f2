using System.Globalization;

namespace Coppice.Tokenizers.Unicode;

/// <summary>A set of code points, written as hexadecimal ranges such as <c>378-379 380</c>.</summary>
internal sealed class CodePointSet
{
    // Ranges in ascending order: the first and the last code point of each.
    private readonly int[] firsts;
    private readonly int[] lasts;

    public CodePointSet(string ranges)
    {
        var all = ranges.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(range => range.Split('-')).ToArray();
        firsts = [.. all.Select(range => Parse(range[0]))];
        lasts = [.. all.Select(range => Parse(range[^1]))];
    }

    /// <summary>Whether a code point is in the set.</summary>
    public bool Contains(int codePoint)
    {
        if (codePoint < firsts[0]) return false;
        var index = Array.BinarySearch(firsts, codePoint);
        if (index < 0) index = ~index - 1;
        return codePoint <= lasts[index];
    }

    private static int Parse(string number) => int.Parse(number, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
