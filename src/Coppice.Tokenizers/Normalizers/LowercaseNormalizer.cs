using System.Text.Json;
using Coppice.Tokenizers.Unicode;

namespace Coppice.Tokenizers.Normalizers;

/// <summary><c>Lowercase</c>: capitals become small letters.</summary>
internal sealed class LowercaseNormalizer : Normalizer
{
    public override void Apply(NormalizedText text) => Lower(text);

    public override void Write(Utf8JsonWriter writer) => WriteType(writer, "Lowercase");

    /// <summary>Makes small letters of capitals.</summary>
    public static void Lower(NormalizedText text)
    {
        if (LowerCase.IsUnchanged(text.Text)) return;
        text.ReplaceLoneSurrogates();
        var edits = new TextEdits(text.TracksOffsets);
        foreach (var rune in text.Text.EnumerateRunes()) LowerCase.Append(rune, edits);
        text.Apply(edits);
    }
}
