using System.Text;
using System.Text.Json;

namespace Coppice.Tokenizers.PreTokenizers;

/// <summary><c>WhitespaceSplit</c>: words stand between white space, which is left out.</summary>
internal sealed class WhitespaceSplitPreTokenizer : PreTokenizer
{
    public override void Split(ReadOnlySpan<char> text, TextPiece range, List<TextPiece> words) =>
        CharacterSplitter.Split(text, range, Rune.IsWhiteSpace, SplitBehavior.Removed, words);

    public override void Write(Utf8JsonWriter writer) => WriteType(writer, "WhitespaceSplit");
}
