using System.Text.Json;

namespace Coppice.Tokenizers.Normalizers;

/// <summary><c>Sequence</c>: one normalizer after another.</summary>
internal sealed class NormalizerSequence(IReadOnlyList<Normalizer> parts) : Normalizer
{
    public override void Apply(NormalizedText text)
    {
        foreach (var part in parts) part.Apply(text);
    }

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "Sequence");
        writer.WriteStartArray("normalizers");
        foreach (var part in parts) part.Write(writer);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
