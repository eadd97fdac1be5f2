using System.Text;
using System.Text.Json;
using Coppice.Tokenizers.Unicode;

namespace Coppice.Tokenizers.PreTokenizers;

/// <summary><c>BertPreTokenizer</c>: words stand between white space, and each punctuation character is one of its own.</summary>
internal sealed class BertPreTokenizer : PreTokenizer
{
    private enum Kind : byte
    {
        Word,
        Space,
        Punctuation,
    }

    private static readonly Kind[] AsciiKinds = [.. Enumerable.Range(0, 0x80).Select(value => KindOf(new Rune(value)))];

    public override void Split(ReadOnlySpan<char> text, TextPiece range, List<TextPiece> words)
    {
        var start = range.Start;
        var end = range.Start + range.Length;
        for (var i = start; i < end;)
        {
            var units = 1;
            Kind kind;
            if (char.IsAscii(text[i]))
            {
                kind = AsciiKinds[text[i]];
            }
            else
            {
                Rune.DecodeFromUtf16(text[i..end], out var rune, out units);
                kind = KindOf(rune);
            }

            if (kind != Kind.Word)
            {
                if (i > start) words.Add(new TextPiece(start, i - start));
                if (kind == Kind.Punctuation) words.Add(new TextPiece(i, units));
                start = i + units;
            }

            i += units;
        }

        if (end > start) words.Add(new TextPiece(start, end - start));
    }

    public override void Write(Utf8JsonWriter writer) => WriteType(writer, "BertPreTokenizer");

    private static Kind KindOf(Rune rune) => Rune.IsWhiteSpace(rune) ? Kind.Space : ReferenceCharacters.IsPunctuation(rune) ? Kind.Punctuation : Kind.Word;
}
