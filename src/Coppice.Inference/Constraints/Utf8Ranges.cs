using System.Text;

namespace Coppice.Inference;

/// <summary>Characters as the bytes of UTF-8: a set of characters is a few sequences of ranges of bytes.</summary>
internal static class Utf8Ranges
{
    /// <summary>The largest character of one, two and three bytes.</summary>
    private static readonly int[] LargestOfLength = [0x7F, 0x7FF, 0xFFFF];

    /// <summary>The sequences of a set, of up to four ranges each.</summary>
    /// <param name="set">The set.</param>
    public static List<(byte First, byte Last)[]> Of(CodePoints set)
    {
        var sequences = new List<(byte First, byte Last)[]>();
        foreach (var (first, last) in set.Ranges) Add(first, last, sequences);
        return sequences;
    }

    private static void Add(int first, int last, List<(byte First, byte Last)[]> sequences)
    {
        foreach (var largest in LargestOfLength)
        {
            if (first <= largest && last > largest)
            {
                Add(first, largest, sequences);
                Add(largest + 1, last, sequences);
                return;
            }
        }

        // All are equally long now. Where a byte differs, those behind it must take all their values: cut off what begins or ends in between.
        var (from, to) = (Encode(first), Encode(last));
        for (var behind = 1; behind < from.Length; behind++)
        {
            var mask = (1 << (6 * behind)) - 1;
            if ((first | mask) == (last | mask)) continue;
            if ((first & mask) != 0)
            {
                Add(first, first | mask, sequences);
                Add((first | mask) + 1, last, sequences);
                return;
            }

            if ((last & mask) != mask)
            {
                Add(first, (last & ~mask) - 1, sequences);
                Add(last & ~mask, last, sequences);
                return;
            }
        }

        sequences.Add([.. from.Zip(to)]);
    }

    private static byte[] Encode(int character)
    {
        var rune = new Rune(character);
        var bytes = new byte[rune.Utf8SequenceLength];
        rune.EncodeToUtf8(bytes);
        return bytes;
    }
}
