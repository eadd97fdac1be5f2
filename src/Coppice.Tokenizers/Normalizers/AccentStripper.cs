using System.Text;
using System.Text.Json;
using Coppice.Tokenizers.Unicode;

namespace Coppice.Tokenizers.Normalizers;

/// <summary><c>StripAccents</c>: takes out combining marks. Characters that hold one must have been taken apart (<c>NFD</c>) before.</summary>
internal sealed class AccentStripper : Normalizer
{
    private static readonly UnicodeNormalizer TakeApart = new(NormalizationForm.FormD);

    public override void Apply(NormalizedText text) => Strip(text, ReferenceCharacters.IsMark);

    public override void Write(Utf8JsonWriter writer) => WriteType(writer, "StripAccents");

    /// <summary>Takes characters apart and takes out the marks that have no width of their own.</summary>
    public static void StripNonSpacing(NormalizedText text)
    {
        TakeApart.Apply(text);
        Strip(text, ReferenceCharacters.IsNonSpacingMark);
    }

    private static void Strip(NormalizedText text, Func<Rune, bool> isStripped)
    {
        text.ReplaceLoneSurrogates();
        var edits = new TextEdits(text.TracksOffsets);
        foreach (var rune in text.Text.EnumerateRunes())
        {
            if (isStripped(rune)) edits.Remove();
            else edits.Replace(rune);
        }

        text.Apply(edits);
    }
}
