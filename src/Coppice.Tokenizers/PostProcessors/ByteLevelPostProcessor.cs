using System.Text.Json;

namespace Coppice.Tokenizers.PostProcessors;

/// <summary><c>ByteLevel</c>: with <c>trim_offsets</c>, the offsets of a token leave out the white space at its ends.</summary>
internal sealed class ByteLevelPostProcessor(bool addPrefixSpace, bool trimOffsets, bool useRegex) : PostProcessor
{
    public override TokenEncoding Process(TokenEncoding encoding, bool addSpecialTokens)
    {
        if (trimOffsets) TokenOffsets.Trim(encoding, addPrefixSpace);
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
}
