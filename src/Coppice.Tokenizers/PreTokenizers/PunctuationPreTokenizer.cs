using System.Text.Json;
using Coppice.Tokenizers.Unicode;

namespace Coppice.Tokenizers.PreTokenizers;

/// <summary><c>Punctuation</c>: cuts at punctuation characters.</summary>
internal sealed class PunctuationPreTokenizer(SplitBehavior behavior) : PreTokenizer
{
    public override void Split(ReadOnlySpan<char> text, TextPiece range, List<TextPiece> words) =>
        CharacterSplitter.Split(text, range, ReferenceCharacters.IsPunctuation, behavior, words);

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "Punctuation");
        writer.WriteString("behavior", behavior.ToString());
        writer.WriteEndObject();
    }
}
