using System.Text;
using System.Text.Json;
using Coppice.Tokenizers.Unicode;

namespace Coppice.Tokenizers.PreTokenizers;

/// <summary><c>UnicodeScripts</c>: cuts where the script changes. As in the reference, what belongs to no script at the start of a text is left out.</summary>
internal sealed class ScriptPreTokenizer : PreTokenizer
{
    public override void Split(ReadOnlySpan<char> text, TextPiece range, List<TextPiece> words)
    {
        var end = range.Start + range.Length;
        var start = end;
        var current = Scripts.Any;
        for (var i = range.Start; i < end;)
        {
            Rune.DecodeFromUtf16(text[i..end], out var rune, out var units);
            var script = Scripts.Of(rune);
            if (script != Scripts.Any && script != current)
            {
                if (i > start) words.Add(new TextPiece(start, i - start));
                start = i;
                current = script;
            }

            i += units;
        }

        if (end > start) words.Add(new TextPiece(start, end - start));
    }

    public override void Write(Utf8JsonWriter writer) => WriteType(writer, "UnicodeScripts");
}
