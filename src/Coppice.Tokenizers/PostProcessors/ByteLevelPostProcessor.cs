using System.Text;
using System.Text.Json;

namespace Coppice.Tokenizers.PostProcessors;

/// <summary><c>ByteLevel</c>: with <c>trim_offsets</c>, the offsets of a token leave out the white space at its ends.</summary>
internal sealed class ByteLevelPostProcessor(bool addPrefixSpace, bool trimOffsets, bool useRegex) : PostProcessor
{
    private static readonly char Space = ByteAlphabet.ToChar((byte)' ');

    public override TokenEncoding Process(TokenEncoding encoding, bool addSpecialTokens)
    {
        if (!trimOffsets) return encoding;
        for (var i = 0; i < encoding.IdList.Count; i++)
        {
            var (start, end) = encoding.OffsetList[i];
            var runes = encoding.TokenList[i].EnumerateRunes().ToArray();
            var leading = runes.TakeWhile(IsSpace).Count();
            var trailing = runes.Reverse().TakeWhile(IsSpace).Count();
            // A single space before the first word may be the one that was added: it isn't in the text.
            if (leading == 1 && addPrefixSpace && (i == 0 || start == 0)) leading = 0;
            start = Math.Min(start + leading, end);
            if (end >= trailing) end = Math.Max(end - trailing, start);
            encoding.OffsetList[i] = (start, end);
        }

        return encoding;
    }

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "ByteLevel");
        writer.WriteBoolean("add_prefix_space", addPrefixSpace);
        writer.WriteBoolean("trim_offsets", trimOffsets);
        writer.WriteBoolean("use_regex", useRegex);
        writer.WriteEndObject();
    }

    private static bool IsSpace(Rune rune) => rune.Value == Space || Rune.IsWhiteSpace(rune);
}
