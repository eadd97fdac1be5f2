using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Coppice.Tokenizers.Normalizers;

/// <summary><c>NFC</c>, <c>NFD</c>, <c>NFKC</c>, <c>NFKD</c>: Unicode's normalisation forms (Unicode Standard Annex 15).</summary>
internal sealed class UnicodeNormalizer(NormalizationForm form) : Normalizer
{
    // A code point that is no character: every form leaves it as it is, but .NET refuses to normalise it.
    private const char NoCharacter = '\uFFFE';

    public override void Apply(NormalizedText text)
    {
        text.ReplaceLoneSurrogates();
        if (IsNormalized(text.Text)) return;

        // Character by character with its marks, because that is where each new character came from: the first of those that it was made of.
        var source = text.Text;
        var normalized = new StringBuilder(source.Length);
        var origins = new List<int>(source.Length);
        for (var start = 0; start < source.Length;)
        {
            var end = EndOfCluster(source, start);
            var cluster = source[start..end];
            var replacement = IsNormalized(cluster) ? cluster : cluster.Normalize(form);
            normalized.Append(replacement);
            var sameLength = replacement.Length == cluster.Length;
            for (var i = 0; i < replacement.Length; i++) origins.Add(sameLength ? start + i : start);
            start = end;
        }

        text.Rewrite(normalized.ToString(), origins);
    }

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", NameOf(form));
        writer.WriteEndObject();
    }

    /// <summary>The name that <c>tokenizer.json</c> has for a form.</summary>
    public static string NameOf(NormalizationForm form) => form switch
    {
        NormalizationForm.FormC => "NFC",
        NormalizationForm.FormD => "NFD",
        NormalizationForm.FormKC => "NFKC",
        _ => "NFKD",
    };

    // A text with NoCharacter goes on to its clusters, of which it is one.
    private bool IsNormalized(string text) => text.Contains(NoCharacter) ? text.Length == 1 : text.IsNormalized(form);

    private static int EndOfCluster(string text, int start)
    {
        if (text[start] == NoCharacter) return start + 1;
        var end = start;
        do
        {
            end += char.IsSurrogatePair(text, end) ? 2 : 1;
        }
        while (end < text.Length && JoinsWhatIsBefore(Rune.GetRuneAt(text, end)));
        return end;
    }

    // Whether a character may be composed or reordered with those before it: it is a mark, a vowel or final consonant of a Hangul syllable
    // written in parts, or, such as the half-width voiced sound mark of Japanese, becomes one of those.
    private static bool JoinsWhatIsBefore(Rune rune)
    {
        if (rune.IsAscii || rune.Value == NoCharacter) return false;
        if (IsMarkOrJamo(rune)) return true;
        return IsMarkOrJamo(Rune.GetRuneAt(rune.ToString().Normalize(NormalizationForm.FormKD), 0));
    }

    private static bool IsMarkOrJamo(Rune rune) => rune.Value is >= 0x1160 and <= 0x11FF || Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;
}
