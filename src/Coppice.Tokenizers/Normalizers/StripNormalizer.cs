using System.Text.Json;

namespace Coppice.Tokenizers.Normalizers;

/// <summary><c>Strip</c>: takes white space off the start, the end or both.</summary>
internal sealed class StripNormalizer(bool left, bool right) : Normalizer
{
    public override void Apply(NormalizedText text)
    {
        var start = left ? text.Text.Length - text.Text.AsSpan().TrimStart().Length : 0;
        var end = right ? Math.Max(start, text.Text.AsSpan().TrimEnd().Length) : text.Text.Length;
        if (start > 0 || end < text.Text.Length) text.Keep(start, end - start);
    }

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "Strip");
        writer.WriteBoolean("strip_left", left);
        writer.WriteBoolean("strip_right", right);
        writer.WriteEndObject();
    }
}
