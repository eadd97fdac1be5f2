using System.Text;
using System.Text.Json;

namespace Coppice.Tokenizers.PreTokenizers;

/// <summary><c>FixedLength</c>: words of so many characters; the last may have fewer.</summary>
internal sealed class FixedLengthPreTokenizer(int characters) : PreTokenizer
{
    public override void Split(ReadOnlySpan<char> text, TextPiece range, List<TextPiece> words)
    {
        var start = range.Start;
        var end = range.Start + range.Length;
        var count = 0;
        for (var i = start; i < end;)
        {
            Rune.DecodeFromUtf16(text[i..end], out _, out var units);
            i += units;
            if (++count < characters && i < end) continue;
            words.Add(new TextPiece(start, i - start));
            start = i;
            count = 0;
        }
    }

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "FixedLength");
        writer.WriteNumber("length", characters);
        writer.WriteEndObject();
    }
}
