namespace Coppice.Corpus;

/// <summary>
/// Random numbers that are a function of (seed, stream, index) and of nothing before them, so that any of them can be had at any time:
/// what lets a data position be a few integers. The mixing function is SplitMix64's (Steele, Lea and Flood 2014, doi:10.1145/2714064.2660195).
/// </summary>
internal static class CounterRandom
{
    /// <summary>64 random bits.</summary>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="stream">Which sequence of numbers: one for each purpose.</param>
    /// <param name="index">Which number of it.</param>
    public static ulong Bits(ulong seed, ulong stream, ulong index) => Mix(Mix(Mix(seed) + stream) + index);

    /// <summary>A number in [0, <paramref name="count"/>).</summary>
    /// <param name="bits">Random bits.</param>
    /// <param name="count">The number of values, above zero. The bias is at most count / 2⁶⁴.</param>
    public static long Below(ulong bits, long count) => (long)Math.BigMul(bits, (ulong)count, out _);

    /// <summary>A number in [0, 1) with 53 random bits.</summary>
    /// <param name="bits">Random bits.</param>
    public static double Unit(ulong bits) => (bits >> 11) * (1.0 / (1UL << 53));

    /// <summary>A bijection of 64-bit numbers without visible pattern.</summary>
    /// <param name="value">The number.</param>
    public static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
