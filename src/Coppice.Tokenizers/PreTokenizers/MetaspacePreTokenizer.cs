using System.Text.Json;

namespace Coppice.Tokenizers.PreTokenizers;

/// <summary>Where a space is put before a text that doesn't start with one.</summary>
internal enum PrependScheme
{
    Always,
    Never,

    /// <summary>Only before the word that begins the whole text, not after an added token.</summary>
    First,
}

/// <summary><c>Metaspace</c>: spaces become a visible character, such as <c>▁</c>, which begins each word.</summary>
internal sealed class MetaspacePreTokenizer(char replacement, PrependScheme prepend, bool split) : PreTokenizer
{
    public override bool OnlySplits => false;

    // Of a text whose spaces are replaced already.
    public override void Split(ReadOnlySpan<char> text, TextPiece range, List<TextPiece> words)
    {
        while (range.Length > 0)
        {
            var next = split ? text.Slice(range.Start + 1, range.Length - 1).IndexOf(replacement) : -1;
            var length = next < 0 ? range.Length : next + 1;
            words.Add(range with { Length = length });
            range = new TextPiece(range.Start + length, range.Length - length);
        }
    }

    public override void Apply(NormalizedText text, List<TextPiece> words)
    {
        text.Replace(' ', replacement);
        if (prepend != PrependScheme.Never) WordRewriter.Prefix(text, words, replacement, IsPrefixed);
        base.Apply(text, words);

        bool IsPrefixed(TextPiece word) =>
            text.Text[word.Start] != replacement && (prepend == PrependScheme.Always || (word.Start == 0 && text.StartsOriginal));
    }

    public override void Write(Utf8JsonWriter writer) => Write(writer, replacement, prepend, split);

    /// <summary>Writes the settings, which the decoder of this name shares.</summary>
    public static void Write(Utf8JsonWriter writer, char replacement, PrependScheme prepend, bool split)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "Metaspace");
        writer.WriteString("replacement", replacement.ToString());
        writer.WriteString("prepend_scheme", NameOf(prepend));
        writer.WriteBoolean("split", split);
        writer.WriteEndObject();
    }

    /// <summary>The name that <c>tokenizer.json</c> has for a scheme.</summary>
    public static string NameOf(PrependScheme scheme) => scheme switch
    {
        PrependScheme.Always => "always",
        PrependScheme.Never => "never",
        _ => "first",
    };
}
