using System.Text.Json;

namespace Coppice.Tokenizers.PostProcessors;

/// <summary><c>RobertaProcessing</c>: as <see cref="BertPostProcessor"/>, and with <c>trim_offsets</c> the offsets of a token leave out the white space at its ends.</summary>
internal sealed class RobertaPostProcessor(EdgeToken first, EdgeToken last, bool trimOffsets, bool addPrefixSpace) : BertPostProcessor(first, last)
{
    public override TokenEncoding Process(TokenEncoding encoding, bool addSpecialTokens)
    {
        if (trimOffsets) TokenOffsets.Trim(encoding, addPrefixSpace);
        return base.Process(encoding, addSpecialTokens);
    }

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "RobertaProcessing");
        WriteTokens(writer);
        writer.WriteBoolean("trim_offsets", trimOffsets);
        writer.WriteBoolean("add_prefix_space", addPrefixSpace);
        writer.WriteEndObject();
    }
}
