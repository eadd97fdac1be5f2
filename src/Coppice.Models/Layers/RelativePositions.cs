using System.Numerics;

namespace Coppice.Models;

/// <summary>
/// T5's buckets of distances: near ones have a bucket each, farther ones share buckets that grow as a geometric series up to a largest distance, and all beyond
/// are in the last one. Where a token sees later ones too, half of the buckets are for those.
/// </summary>
internal static class RelativePositions
{
    /// <summary>The bucket of a distance.</summary>
    /// <param name="distance">The place of what is looked at, less the place from where.</param>
    /// <param name="bothWays">Whether later places are seen; where not, they have the bucket of the place itself.</param>
    /// <param name="buckets">How many buckets there are.</param>
    /// <param name="maxDistance">From here on all distances are in the last bucket.</param>
    public static int Bucket(int distance, bool bothWays, int buckets, int maxDistance)
    {
        if (!bothWays) return BucketOf(Math.Max(0, -distance), buckets, maxDistance);
        return (distance > 0 ? buckets / 2 : 0) + BucketOf(Math.Abs(distance), buckets / 2, maxDistance);
    }

    /// <summary>The buckets of the distances from -<paramref name="maxDistance"/> to <paramref name="maxDistance"/>.</summary>
    /// <param name="bothWays">As above.</param>
    /// <param name="buckets">As above.</param>
    /// <param name="maxDistance">As above.</param>
    public static int[] Table(bool bothWays, int buckets, int maxDistance) =>
        [.. Enumerable.Range(-maxDistance, 2 * maxDistance + 1).Select(distance => Bucket(distance, bothWays, buckets, maxDistance))];

    /// <summary>
    /// exact + ⌊log(distance / exact) / log(maxDistance / exact) · steps⌋ for distances that have no bucket of their own, in whole numbers, so that no rounding of
    /// a logarithm decides: the largest step with (distance / exact)^steps ≥ (maxDistance / exact)^step.
    /// </summary>
    private static int BucketOf(int distance, int buckets, int maxDistance)
    {
        var exact = buckets / 2;
        if (distance < exact) return distance;
        if (distance >= maxDistance) return buckets - 1;
        var (steps, step) = (buckets - exact, 0);
        var left = BigInteger.Pow(distance, steps);
        while (step + 1 < steps && left * BigInteger.Pow(exact, step + 1) >= BigInteger.Pow(maxDistance, step + 1) * BigInteger.Pow(exact, steps)) step++;
        return exact + step;
    }
}
