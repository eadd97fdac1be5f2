using System.Text.Json;

namespace Coppice.Tokenizers.Decoders;

/// <summary><c>Sequence</c>: one decoder after another.</summary>
internal sealed class DecoderSequence(IReadOnlyList<Decoder> parts) : Decoder
{
    public override bool DependsOnNeighbours => parts.Any(part => part.DependsOnNeighbours);

    public override byte[]? BytesOf(string token) => parts.Select(part => part.BytesOf(token)).FirstOrDefault(bytes => bytes is not null);

    public override DecoderStream Start(DecoderStream next)
    {
        for (var i = parts.Count - 1; i >= 0; i--) next = parts[i].Start(next);
        return next;
    }

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "Sequence");
        writer.WriteStartArray("decoders");
        foreach (var part in parts) part.Write(writer);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
