using System.Text.Json;

namespace Coppice.Tokenizers.Normalizers;

/// <summary><c>Prepend</c>: puts a string before a text that isn't empty.</summary>
internal sealed class PrependNormalizer(string prefix) : Normalizer
{
    public override void Apply(NormalizedText text) => text.Prepend(prefix);

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "Prepend");
        writer.WriteString("prepend", prefix);
        writer.WriteEndObject();
    }
}
