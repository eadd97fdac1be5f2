using System.Text;
using System.Text.Json;

namespace Coppice.Tokenizers.PreTokenizers;

/// <summary><c>Digits</c>: sets numbers apart, or each of their digits.</summary>
internal sealed class DigitsPreTokenizer(bool individualDigits) : PreTokenizer
{
    public override void Split(ReadOnlySpan<char> text, TextPiece range, List<TextPiece> words) =>
        CharacterSplitter.Split(text, range, Rune.IsNumber, individualDigits ? SplitBehavior.Isolated : SplitBehavior.Contiguous, words);

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "Digits");
        writer.WriteBoolean("individual_digits", individualDigits);
        writer.WriteEndObject();
    }
}
