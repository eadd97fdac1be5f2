using System.Buffers.Binary;
using Coppice.Foundation;

namespace Coppice.Tokenizers.Normalizers;

/// <summary>
/// SentencePiece's table of replacements: the length of a double-array trie, the trie (units of 32 bits as the Darts-clone library lays them out) and the
/// replacements, each ended by a zero. The trie's keys are UTF-8, its values places in the replacements.
/// </summary>
internal sealed class CharacterMap
{
    // Unicode's longest has 33 bytes. Without a limit a small text could become a huge one.
    private const int LongestReplacement = 1024;
    private readonly uint[] trie;
    private readonly byte[] replacements;

    /// <summary>Reads the table.</summary>
    /// <exception cref="CoppiceException">The table is cut off or its lengths contradict each other.</exception>
    public CharacterMap(ReadOnlySpan<byte> table)
    {
        if (table.Length < 4) throw new CoppiceException("the table of replacements is cut off");
        var trieBytes = BinaryPrimitives.ReadUInt32LittleEndian(table);
        if (trieBytes % 4 != 0 || trieBytes > (uint)(table.Length - 4)) throw new CoppiceException("the table of replacements is broken: its trie is larger than the table");
        trie = new uint[trieBytes / 4];
        for (var i = 0; i < trie.Length; i++) trie[i] = BinaryPrimitives.ReadUInt32LittleEndian(table[(4 + 4 * i)..]);
        replacements = table[(4 + (int)trieBytes)..].ToArray();
        for (var start = 0; start < replacements.Length;)
        {
            var length = replacements.AsSpan(start).IndexOf((byte)0);
            if (length < 0) length = replacements.Length - start;
            if (length > LongestReplacement) throw new CoppiceException("the table of replacements is broken: one is longer than 1024 bytes");
            start += length + 1;
        }
    }

    /// <summary>Finds what replaces a text: the replacement of the shortest key that begins it, as the reference has it.</summary>
    /// <param name="key">The text, UTF-8.</param>
    /// <param name="replacement">What replaces it, UTF-8.</param>
    public bool TryFind(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> replacement)
    {
        replacement = default;
        if (trie.Length == 0) return false;
        var place = Offset(trie[0]);
        foreach (var value in key)
        {
            if (value == 0) return false;
            place ^= value;
            if (place >= trie.Length || Label(trie[place]) != value) return false;
            var hasValue = (trie[place] & 0x100) != 0;
            place ^= Offset(trie[place]);
            if (!hasValue) continue;
            if (place >= trie.Length || (trie[place] & 0x7FFFFFFF) is var start && start >= replacements.Length) return false;
            replacement = replacements.AsSpan((int)start);
            if (replacement.IndexOf((byte)0) is >= 0 and var end) replacement = replacement[..end];
            return true;
        }

        return false;
    }

    private static uint Label(uint unit) => unit & 0x800000FF;

    private static uint Offset(uint unit) => unit >> 10 << (int)((unit & 0x200) >> 6);
}
