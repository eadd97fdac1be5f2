namespace Coppice.Corpus.Deduplication;

/// <summary>Ascending numbers as bytes: the differences, seven bits a byte, lowest first.</summary>
internal static class VarInts
{
    /// <summary>Writes numbers.</summary>
    /// <param name="numbers">Numbers from 0 in ascending order.</param>
    public static byte[] WriteAscending(IReadOnlyList<int> numbers)
    {
        var bytes = new List<byte>(numbers.Count + 8);
        var last = 0;
        foreach (var number in numbers)
        {
            var rest = (uint)(number - last);
            for (; rest > 127; rest >>= 7) bytes.Add((byte)(rest | 128));
            bytes.Add((byte)rest);
            last = number;
        }

        return [.. bytes];
    }

    /// <summary>Reads numbers.</summary>
    /// <param name="bytes">What <see cref="WriteAscending"/> wrote.</param>
    public static List<int> ReadAscending(ReadOnlySpan<byte> bytes)
    {
        var numbers = new List<int>(bytes.Length);
        var (last, difference, shift) = (0, 0, 0);
        foreach (var value in bytes)
        {
            difference |= (value & 127) << shift;
            shift += 7;
            if (value > 127) continue;
            last += difference;
            numbers.Add(last);
            (difference, shift) = (0, 0);
        }

        return numbers;
    }
}
