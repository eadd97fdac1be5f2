using Coppice.Tensors;

namespace Coppice.Adapters.Masks;

/// <summary>A set of coordinates of a set of parameters: one bit for each value of its flat buffers, which is a 32nd of what the values take.</summary>
public sealed class CoordinateMask
{
    private const int ChunkValues = 4096;

    private readonly ulong[] _bits;

    /// <summary>An empty set.</summary>
    /// <param name="count">Number of values of the flat buffers.</param>
    public CoordinateMask(long count) => _bits = new ulong[(count + 63) / 64];

    /// <summary>How many coordinates it has.</summary>
    public long Count => _bits.Sum(word => (long)System.Numerics.BitOperations.PopCount(word));

    /// <summary>Whether it has a coordinate.</summary>
    /// <param name="index">Its place in the flat buffers.</param>
    public bool Contains(long index) => (_bits[index >> 6] >> (int)(index & 63) & 1) != 0;

    /// <summary>Adds a coordinate.</summary>
    /// <param name="index">Its place in the flat buffers.</param>
    public void Add(long index) => _bits[index >> 6] |= 1UL << (int)(index & 63);

    /// <summary>Removes all.</summary>
    public void Clear() => Array.Clear(_bits);

    /// <summary>Puts -0 where a range of a buffer is outside the set: what, added to any number, changes no bit of it (0 would make a 0 of -0).</summary>
    /// <param name="values">The buffer.</param>
    /// <param name="start">First value of the range.</param>
    /// <param name="count">Length of the range.</param>
    public void Erase(FlatBuffer values, long start, long count)
    {
        Span<float> chunk = stackalloc float[1024];
        for (var end = start + count; start < end; start += chunk.Length)
        {
            var part = chunk[..(int)Math.Min(chunk.Length, end - start)];
            values.CopyTo(start, part);
            for (var i = 0; i < part.Length; i++)
            {
                if (!Contains(start + i)) part[i] = -0f;
            }

            values.CopyFrom(part, start);
        }
    }

    /// <summary>
    /// Adds the largest magnitudes of parameters, taken together; of equal ones those that come first. The time is linear in the number of values: two histograms of
    /// the bits of magnitudes, which are in the order of the magnitudes, find the least that is taken.
    /// </summary>
    /// <param name="values">A buffer laid out as the parameters.</param>
    /// <param name="parameters">Where to look, in the order in which equal ones count.</param>
    /// <param name="count">How many are added; at most as many as there are.</param>
    public void AddLargest(FlatBuffer values, IReadOnlyList<Parameter> parameters, long count)
    {
        if (count <= 0) return;
        var high = new long[1 << 16];
        Visit(values, parameters, (_, bits) => high[bits >> 15]++);
        var (bucket, above) = Find(high, count);
        var low = new long[1 << 15];
        Visit(values, parameters, (_, bits) =>
        {
            if (bits >> 15 == bucket) low[bits & 0x7FFF]++;
        });
        var (last, aboveAll) = Find(low, count - above);
        var threshold = (uint)(bucket << 15 | last);
        var equal = count - above - aboveAll;
        Visit(values, parameters, (index, bits) =>
        {
            if (bits > threshold || (bits == threshold && equal-- > 0)) Add(index);
        });
    }

    /// <summary>The highest bucket down to which at least so many values are, and how many are in those above it.</summary>
    private static (int Bucket, long Above) Find(long[] histogram, long count)
    {
        var above = 0L;
        for (var bucket = histogram.Length - 1; bucket >= 0; bucket--)
        {
            if (above + histogram[bucket] >= count) return (bucket, above);
            above += histogram[bucket];
        }

        throw new ArgumentOutOfRangeException(nameof(count), count, "There are fewer values.");
    }

    private static void Visit(FlatBuffer values, IReadOnlyList<Parameter> parameters, Action<long, uint> visit)
    {
        var chunk = new float[ChunkValues];
        foreach (var parameter in parameters)
        {
            var end = parameter.Offset + parameter.Count;
            for (var start = parameter.Offset; start < end; start += ChunkValues)
            {
                var part = chunk.AsSpan(0, (int)Math.Min(ChunkValues, end - start));
                values.CopyTo(start, part);
                for (var i = 0; i < part.Length; i++) visit(start + i, BitConverter.SingleToUInt32Bits(part[i]) & 0x7FFF_FFFF);
            }
        }
    }
}
