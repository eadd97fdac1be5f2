using System.Buffers;
using System.Text;
using System.Text.Json;
using Coppice.Tokenizers.Unicode;

namespace Coppice.Tokenizers.Normalizers;

/// <summary>What <see cref="BertNormalizer"/> does, named as in <c>tokenizer.json</c>.</summary>
/// <param name="CleanText">Whether control characters are left out and white space becomes spaces.</param>
/// <param name="HandleChineseCharacters">Whether spaces go around ideographs.</param>
/// <param name="StripAccents">Whether characters lose their accents; null for: where they lose their capitals.</param>
/// <param name="LowerCase">Whether capitals become small letters.</param>
internal sealed record BertNormalizerOptions(bool CleanText = true, bool HandleChineseCharacters = true, bool? StripAccents = null, bool LowerCase = true);

/// <summary><c>BertNormalizer</c>: cleans a text, sets ideographs apart, takes accents and capitals away.</summary>
internal sealed class BertNormalizer(BertNormalizerOptions options) : Normalizer
{
    private static readonly SearchValues<char> Ascii = SearchValues.Create(Enumerable.Range(0, 0x80).Select(value => (char)value).ToArray());
    private readonly bool stripsAccents = options.StripAccents ?? options.LowerCase;

    public override void Apply(NormalizedText text)
    {
        if (text.TracksOffsets)
        {
            ApplySteps(text);
            return;
        }

        // No step looks over the border between ASCII and the rest.
        var source = text.Text;
        var result = new StringBuilder(source.Length);
        for (var start = 0; start < source.Length;)
        {
            var rest = source.AsSpan(start);
            var length = rest.IndexOfAnyExcept(Ascii) is >= 0 and var end ? end : rest.Length;
            AppendAscii(rest[..length], result);
            start += length;
            length = source.AsSpan(start).IndexOfAny(Ascii) is >= 0 and var endOfOthers ? endOfOthers : source.Length - start;
            if (length > 0) result.Append(Steps(source.Substring(start, length)));
            start += length;
        }

        text.Rewrite(result.ToString(), origins: null);
    }

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "BertNormalizer");
        writer.WriteBoolean("clean_text", options.CleanText);
        writer.WriteBoolean("handle_chinese_chars", options.HandleChineseCharacters);
        if (options.StripAccents is { } strips) writer.WriteBoolean("strip_accents", strips);
        else writer.WriteNull("strip_accents");
        writer.WriteBoolean("lowercase", options.LowerCase);
        writer.WriteEndObject();
    }

    private string Steps(string source)
    {
        var text = NormalizedText.From(source, 0, trackOffsets: false);
        ApplySteps(text);
        return text.Text;
    }

    private void ApplySteps(NormalizedText text)
    {
        text.ReplaceLoneSurrogates();
        if (options.CleanText) Clean(text);
        if (options.HandleChineseCharacters) SetIdeographsApart(text);
        if (stripsAccents) AccentStripper.StripNonSpacing(text);
        if (options.LowerCase) LowercaseNormalizer.Lower(text);
    }

    private void AppendAscii(ReadOnlySpan<char> source, StringBuilder result)
    {
        Span<char> buffer = stackalloc char[256];
        while (source.Length > 0)
        {
            var part = source[..Math.Min(source.Length, buffer.Length)];
            var count = 0;
            foreach (var unit in part)
            {
                var kept = unit;
                if (unit is < ' ' or (char)0x7F && options.CleanText)
                {
                    if (unit is not ('\t' or '\n' or '\r')) continue;
                    kept = ' ';
                }

                buffer[count++] = options.LowerCase ? char.ToLowerInvariant(kept) : kept;
            }

            result.Append(buffer[..count]);
            source = source[part.Length..];
        }
    }

    private static void Clean(NormalizedText text)
    {
        var edits = new TextEdits(text.TracksOffsets);
        foreach (var rune in text.Text.EnumerateRunes())
        {
            if (ReferenceCharacters.IsControl(rune)) edits.Remove();
            else edits.Replace(Rune.IsWhiteSpace(rune) ? new Rune(' ') : rune);
        }

        text.Apply(edits);
    }

    private static void SetIdeographsApart(NormalizedText text)
    {
        var edits = new TextEdits(text.TracksOffsets);
        var space = new Rune(' ');
        foreach (var rune in text.Text.EnumerateRunes())
        {
            var apart = ReferenceCharacters.IsIdeograph(rune);
            if (apart) edits.Replace(space);
            if (apart) edits.Insert(rune);
            else edits.Replace(rune);
            if (apart) edits.Insert(space);
        }

        text.Apply(edits);
    }
}
