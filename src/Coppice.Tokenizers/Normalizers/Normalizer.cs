using System.Text.Json;

namespace Coppice.Tokenizers.Normalizers;

/// <summary>Rewrites a text before it is cut into words.</summary>
internal abstract class Normalizer
{
    /// <summary>Rewrites a text.</summary>
    public abstract void Apply(NormalizedText text);

    /// <summary>Writes the component as <c>tokenizer.json</c> holds it.</summary>
    public abstract void Write(Utf8JsonWriter writer);

    /// <summary>Writes a component that has no settings.</summary>
    protected static void WriteType(Utf8JsonWriter writer, string type)
    {
        writer.WriteStartObject();
        writer.WriteString("type", type);
        writer.WriteEndObject();
    }
}
