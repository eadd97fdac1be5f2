using System.Text;
using System.Text.Json;

namespace Coppice.Tokenizers.PreTokenizers;

/// <summary><c>CharDelimiterSplit</c>: cuts at a character and leaves it out.</summary>
internal sealed class DelimiterPreTokenizer(Rune delimiter) : PreTokenizer
{
    public override void Split(ReadOnlySpan<char> text, TextPiece range, List<TextPiece> words) =>
        CharacterSplitter.Split(text, range, rune => rune == delimiter, SplitBehavior.Removed, words);

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "CharDelimiterSplit");
        writer.WriteString("delimiter", delimiter.ToString());
        writer.WriteEndObject();
    }
}
