using System.Globalization;
using System.Text;
using System.Text.Json;
using Coppice.Tokenizers.Unicode;

namespace Coppice.Tokenizers.Normalizers;

/// <summary><c>NFC</c>, <c>NFD</c>, <c>NFKC</c>, <c>NFKD</c>: Unicode's normalisation forms (Unicode Standard Annex 15).</summary>
internal sealed class UnicodeNormalizer(NormalizationForm form) : Normalizer
{
    // A code point that is no character: every form leaves it as it is, but .NET refuses to normalise it.
    private const char NoCharacter = '\uFFFE';
    private const int FirstMark = 0x300;

    // The first character that some form changes: the no-break space.
    private const char FirstOfForms = '\u00A0';
    private readonly bool composes = form is NormalizationForm.FormC or NormalizationForm.FormKC;
    private readonly NormalizationForm apart = form is NormalizationForm.FormKC or NormalizationForm.FormKD ? NormalizationForm.FormKD : NormalizationForm.FormD;

    public override void Apply(NormalizedText text)
    {
        text.ReplaceLoneSurrogates();
        if (!text.Text.Contains(NoCharacter) && text.Text.IsNormalized(form)) return;

        // Character by character with its marks, because that is where each new character came from.
        var source = text.Text;
        var edits = new TextEdits(text.TracksOffsets);
        var unchanged = 0;
        for (var start = 0; start < source.Length;)
        {
            var end = EndOfCluster(source, start);
            var cluster = source.AsSpan(start, end - start);
            if (!StaysAsItIs(cluster))
            {
                edits.Keep(source.AsSpan(unchanged, start - unchanged));
                if (text.TracksOffsets) Normalize(cluster.ToString(), edits);
                else edits.Keep(cluster.ToString().Normalize(form));
                unchanged = end;
            }

            start = end;
        }

        edits.Keep(source.AsSpan(unchanged));
        text.Apply(edits);
    }

    public override void Write(Utf8JsonWriter writer) => WriteType(writer, NameOf(form));

    /// <summary>The name that <c>tokenizer.json</c> has for a form.</summary>
    public static string NameOf(NormalizationForm form) => form switch
    {
        NormalizationForm.FormC => "NFC",
        NormalizationForm.FormD => "NFD",
        NormalizationForm.FormKC => "NFKC",
        _ => "NFKD",
    };

    private bool StaysAsItIs(ReadOnlySpan<char> cluster)
    {
        if (cluster.Length == 1 && cluster[0] < FirstOfForms) return true;
        Rune.DecodeFromUtf16(cluster, out var first, out _);
        return IsApart(first) || cluster.IsNormalized(form);
    }

    // What each new character does to the old ones, as the reference counts: taking a character apart inserts all that comes after the first, and
    // putting characters together takes one away for each that joins.
    private void Normalize(string cluster, TextEdits edits)
    {
        var parts = new Dictionary<Rune, Queue<int>>();
        foreach (var rune in cluster.EnumerateRunes())
        {
            var change = 0;
            foreach (var part in rune.ToString().Normalize(apart).EnumerateRunes())
            {
                if (!parts.TryGetValue(part, out var queue)) parts.Add(part, queue = new Queue<int>());
                queue.Enqueue(change);
                change = 1;
            }
        }

        foreach (var rune in cluster.Normalize(form).EnumerateRunes())
        {
            var change = 1;
            foreach (var part in composes ? rune.ToString().Normalize(NormalizationForm.FormD).EnumerateRunes() : rune.ToString().EnumerateRunes())
            {
                change += parts[part].Dequeue() - 1;
            }

            edits.Add(rune, change);
        }
    }

    private static int EndOfCluster(string text, int start)
    {
        var end = start;
        do
        {
            end += char.IsSurrogatePair(text, end) ? 2 : 1;
        }
        while (end < text.Length && JoinsWhatIsBefore(Rune.GetRuneAt(text, end)) && !IsApart(Rune.GetRuneAt(text, start)));
        return end;
    }

    // Whether a character may be composed or reordered with those before it: it is a mark, a vowel or final consonant of a Hangul syllable
    // written in parts, or, such as the half-width voiced sound mark of Japanese, becomes one of those.
    private static bool JoinsWhatIsBefore(Rune rune)
    {
        if (rune.Value < FirstMark || IsApart(rune)) return false;
        if (IsMarkOrJamo(rune)) return true;
        return rune.Value is (>= 0x3131 and <= 0x318E) or (>= 0xFF9E and <= 0xFFDC) && IsMarkOrJamo(Rune.GetRuneAt(rune.ToString().Normalize(NormalizationForm.FormKD), 0));
    }

    // Whether it neither changes nor joins.
    private static bool IsApart(Rune rune) => rune.Value == NoCharacter || ReferenceCharacters.IsNewToNormalization(rune);

    private static bool IsMarkOrJamo(Rune rune) => rune.Value is >= 0x1160 and <= 0x11FF || Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;
}
