using System.Text.Json;

namespace Coppice.Tokenizers.PostProcessors;

/// <summary><c>Sequence</c>: one post-processor after another.</summary>
internal sealed class PostProcessorSequence(IReadOnlyList<PostProcessor> parts) : PostProcessor
{
    public override int? FirstId => parts.Select(part => part.FirstId).LastOrDefault(id => id is not null);

    public override int? LastId => parts.Select(part => part.LastId).LastOrDefault(id => id is not null);

    public override IEnumerable<int> AddedIds => parts.SelectMany(part => part.AddedIds);

    public override TokenEncoding Process(TokenEncoding encoding, bool addSpecialTokens) =>
        parts.Aggregate(encoding, (current, part) => part.Process(current, addSpecialTokens));

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "Sequence");
        writer.WriteStartArray("processors");
        foreach (var part in parts) part.Write(writer);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
