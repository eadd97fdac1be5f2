using System.Text.Json;

namespace Coppice.Tokenizers.PreTokenizers;

/// <summary><c>Sequence</c>: each pre-tokenizer cuts the words of the one before it.</summary>
internal sealed class PreTokenizerSequence(IReadOnlyList<PreTokenizer> parts) : PreTokenizer
{
    public override bool OnlySplits { get; } = parts.All(part => part.OnlySplits);

    public override bool IsByteLevel => parts.Count > 0 && parts[^1].IsByteLevel;

    public override void Split(ReadOnlySpan<char> text, TextPiece range, List<TextPiece> words)
    {
        var pieces = new List<TextPiece> { range };
        foreach (var part in parts)
        {
            var finer = part == parts[^1] ? words : [];
            foreach (var piece in pieces) part.Split(text, piece, finer);
            pieces = finer;
        }

        if (parts.Count == 0 && range.Length > 0) words.Add(range);
    }

    public override void Apply(NormalizedText text, List<TextPiece> words)
    {
        foreach (var part in parts) part.Apply(text, words);
    }

    public override PreTokenizer WithBytesWritten(bool alsoLast) =>
        new PreTokenizerSequence(parts.Select((part, i) => part.WithBytesWritten(alsoLast || i < parts.Count - 1)).ToList());

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "Sequence");
        writer.WriteStartArray("pretokenizers");
        foreach (var part in parts) part.Write(writer);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
