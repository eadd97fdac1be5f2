using System.Globalization;
using System.Text;
using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Tokenizers.Normalizers;

/// <summary><c>Precompiled</c>: SentencePiece's table of replacements, applied as the reference does: to whole short grapheme clusters, or else to their characters.</summary>
internal sealed class PrecompiledNormalizer : Normalizer
{
    // Longer clusters are only looked up character by character.
    private const int LongestClusterBytes = 5;
    private readonly byte[] source;
    private readonly CharacterMap map;

    /// <summary>Reads the table.</summary>
    /// <param name="table">SentencePiece's <c>precompiled_charsmap</c>.</param>
    /// <exception cref="CoppiceException">The table is broken.</exception>
    public PrecompiledNormalizer(byte[] table)
    {
        source = table;
        map = new CharacterMap(table);
    }

    public override void Apply(NormalizedText text)
    {
        text.ReplaceLoneSurrogates();
        var whole = text.Text;
        var edits = new TextEdits(text.TracksOffsets);
        var isChanged = false;
        Span<byte> bytes = stackalloc byte[4 * (LongestClusterBytes + 1)];
        for (var start = 0; start < whole.Length;)
        {
            var rest = whole.AsSpan(start);
            // An ASCII character before another but a line feed is a cluster of its own.
            var length = rest.Length > 1 && char.IsAscii(rest[0]) && char.IsAscii(rest[1]) && rest[1] != '\n' ? 1 : StringInfo.GetNextTextElementLength(rest);
            var cluster = rest[..length];
            start += length;
            if (length <= LongestClusterBytes && Encoding.UTF8.GetBytes(cluster, bytes) is <= LongestClusterBytes and var byteCount && map.TryFind(bytes[..byteCount], out var replacement))
            {
                Append(replacement, CountRunes(cluster), edits);
                isChanged = true;
                continue;
            }

            foreach (var rune in cluster.EnumerateRunes())
            {
                if (map.TryFind(bytes[..rune.EncodeToUtf8(bytes)], out var ofRune))
                {
                    Append(ofRune, 1, edits);
                    isChanged = true;
                }
                else
                {
                    edits.Replace(rune);
                }
            }
        }

        if (isChanged) text.Apply(edits);
    }

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "Precompiled");
        writer.WriteBase64String("precompiled_charsmap", source);
        writer.WriteEndObject();
    }

    // How the reference counts: characters stand for old ones one by one, and what is left of the old ones goes with what is before.
    private static void Append(ReadOnlySpan<byte> replacement, int replaced, TextEdits edits)
    {
        var count = 0;
        for (; replacement.Length > 0; count++)
        {
            replacement = replacement[Length(replacement, out var rune)..];
            if (count < replaced) edits.Replace(rune);
            else edits.Insert(rune);
        }

        if (count < replaced) edits.RemoveAfterLast(replaced - count);
    }

    private static int Length(ReadOnlySpan<byte> text, out Rune rune)
    {
        Rune.DecodeFromUtf8(text, out rune, out var length);
        return length;
    }

    private static int CountRunes(ReadOnlySpan<char> text)
    {
        var count = 0;
        foreach (var _ in text.EnumerateRunes()) count++;
        return count;
    }
}
