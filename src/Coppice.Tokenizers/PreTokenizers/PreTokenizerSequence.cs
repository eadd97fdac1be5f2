using System.Text.Json;

namespace Coppice.Tokenizers.PreTokenizers;

/// <summary><c>Sequence</c>: each pre-tokenizer cuts the words of the one before it.</summary>
internal sealed class PreTokenizerSequence(IReadOnlyList<PreTokenizer> parts) : PreTokenizer
{
    public override bool IsByteLevel => parts.Count > 0 && parts[^1].IsByteLevel;

    public override bool AddsPrefixSpace => parts.Count > 0 && parts[0].AddsPrefixSpace;

    /// <summary>The components, the first first.</summary>
    public IReadOnlyList<PreTokenizer> Parts => parts;

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
