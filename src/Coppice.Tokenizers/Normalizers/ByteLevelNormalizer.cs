using System.Text;
using System.Text.Json;

namespace Coppice.Tokenizers.Normalizers;

/// <summary><c>ByteLevel</c>: a text's bytes, written in GPT-2's alphabet.</summary>
internal sealed class ByteLevelNormalizer : Normalizer
{
    public override void Apply(NormalizedText text)
    {
        var edits = new TextEdits(text.TracksOffsets);
        Span<byte> bytes = stackalloc byte[4];
        foreach (var rune in text.Text.EnumerateRunes())
        {
            var length = rune.EncodeToUtf8(bytes);
            for (var i = 0; i < length; i++) edits.Add(new Rune(ByteAlphabet.ToChar(bytes[i])), change: i);
        }

        text.Apply(edits);
    }

    public override void Write(Utf8JsonWriter writer) => WriteType(writer, "ByteLevel");
}
