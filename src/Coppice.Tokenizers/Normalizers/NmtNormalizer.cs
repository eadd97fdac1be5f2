using System.Text;
using System.Text.Json;

namespace Coppice.Tokenizers.Normalizers;

/// <summary><c>Nmt</c>: takes control characters out, and what looks like a space or nothing becomes a space.</summary>
internal sealed class NmtNormalizer : Normalizer
{
    public override void Apply(NormalizedText text)
    {
        text.ReplaceLoneSurrogates();
        var edits = new TextEdits(text.TracksOffsets);
        foreach (var rune in text.Text.EnumerateRunes())
        {
            if (IsRemoved(rune.Value)) edits.Remove();
            else edits.Replace(IsSpace(rune.Value) ? new Rune(' ') : rune);
        }

        text.Apply(edits);
    }

    public override void Write(Utf8JsonWriter writer) => WriteType(writer, "Nmt");

    private static bool IsRemoved(int character) =>
        character is (>= 1 and <= 8) or 0x0B or (>= 0x0E and <= 0x1F) or 0x7F or 0x8F or 0x9F;

    private static bool IsSpace(int character) =>
        character is '\t' or '\n' or '\f' or '\r' or 0x1680 or (>= 0x200B and <= 0x200F) or 0x2028 or 0x2029 or 0x2581 or 0xFEFF or 0xFFFD;
}
