namespace Coppice.Corpus.Quality;

/// <summary>
/// 64-bit hashes of stretches of text whose value for two stretches in a row follows from the values for each (<see cref="Join"/>), so that the n-grams of a document
/// cost one multiplication each.
/// </summary>
internal static class PolynomialHash
{
    private const ulong Base = 0x9E3779B97F4A7C15;
    private const ulong Spread = 0xD6E8FEB86659FD93;
    private const int Powers = 128;
    private static readonly ulong[] PowerOf = BuildPowers();

    /// <summary>The hash with one more character.</summary>
    public static ulong Append(ulong hash, char unit)
    {
        var mixed = (unit + 1UL) * Spread;
        return (hash * Base) + (mixed ^ (mixed >> 32));
    }

    /// <summary>The hash of a stretch.</summary>
    public static ulong Of(ReadOnlySpan<char> text)
    {
        ulong hash = 0;
        foreach (var unit in text) hash = Append(hash, unit);
        return hash;
    }

    /// <summary>The hash of two stretches in a row.</summary>
    /// <param name="left">That of the first.</param>
    /// <param name="right">That of the second.</param>
    /// <param name="rightUnits">The second's length in UTF-16 units.</param>
    public static ulong Join(ulong left, ulong right, int rightUnits) => (left * Power(rightUnits)) + right;

    private static ulong Power(int exponent)
    {
        if (exponent < Powers) return PowerOf[exponent];
        ulong result = 1;
        for (var square = Base; exponent > 0; exponent >>= 1, square *= square)
        {
            if ((exponent & 1) != 0) result *= square;
        }

        return result;
    }

    private static ulong[] BuildPowers()
    {
        var powers = new ulong[Powers];
        powers[0] = 1;
        for (var i = 1; i < Powers; i++) powers[i] = powers[i - 1] * Base;
        return powers;
    }
}
