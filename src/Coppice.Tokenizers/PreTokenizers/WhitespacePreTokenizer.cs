using System.Text;
using System.Text.Json;
using Coppice.Tokenizers.Unicode;

namespace Coppice.Tokenizers.PreTokenizers;

/// <summary><c>Whitespace</c>: runs of word characters, and runs of what is neither word character nor white space (<c>\w+|[^\w\s]+</c>).</summary>
internal sealed class WhitespacePreTokenizer : PreTokenizer
{
    private enum Kind
    {
        Space,
        Word,
        Other,
    }

    public override void Split(ReadOnlySpan<char> text, TextPiece range, List<TextPiece> words)
    {
        var start = range.Start;
        var end = range.Start + range.Length;
        var run = Kind.Space;
        for (var i = start; i < end;)
        {
            Rune.DecodeFromUtf16(text[i..end], out var rune, out var units);
            var kind = Rune.IsWhiteSpace(rune) ? Kind.Space : ReferenceCharacters.IsWord(rune) ? Kind.Word : Kind.Other;
            if (kind != run)
            {
                if (run != Kind.Space) words.Add(new TextPiece(start, i - start));
                start = i;
                run = kind;
            }

            i += units;
        }

        if (run != Kind.Space) words.Add(new TextPiece(start, end - start));
    }

    public override void Write(Utf8JsonWriter writer) => WriteType(writer, "Whitespace");
}
