using System.Text.Json;

namespace Coppice.Tokenizers.Normalizers;

/// <summary><c>Replace</c>: replaces every match of a pattern.</summary>
internal sealed class ReplaceNormalizer(TextPattern pattern, string content) : Normalizer
{
    public override void Apply(NormalizedText text) => text.Replace(pattern.Matches(text.Text), content);

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "Replace");
        pattern.Write(writer);
        writer.WriteString("content", content);
        writer.WriteEndObject();
    }
}
