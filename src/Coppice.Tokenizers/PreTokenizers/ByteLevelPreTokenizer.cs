using System.Text;
using System.Text.Json;

namespace Coppice.Tokenizers.PreTokenizers;

/// <summary>
/// <c>ByteLevel</c>: the model sees bytes, written in GPT-2's alphabet; with <c>use_regex</c> the text is cut as GPT-2 cuts it. A BPE model looks at the
/// bytes itself, so they are only written (<paramref name="writesBytes"/>) for other models and for components that come after.
/// </summary>
internal sealed class ByteLevelPreTokenizer(bool addPrefixSpace, bool trimOffsets, bool useRegex, bool writesBytes = false) : PreTokenizer
{
    public override bool IsByteLevel => !writesBytes;

    public override bool OnlySplits => !addPrefixSpace && !writesBytes;

    public override void Split(ReadOnlySpan<char> text, TextPiece range, List<TextPiece> words)
    {
        if (!useRegex)
        {
            if (range.Length > 0) words.Add(range);
            return;
        }

        var part = text.Slice(range.Start, range.Length);
        for (var start = 0; start < part.Length;)
        {
            var end = Gpt2Scanner.EndOfWord(part, start);
            words.Add(new TextPiece(range.Start + start, end - start));
            start = end;
        }
    }

    public override void Apply(NormalizedText text, List<TextPiece> words)
    {
        if (addPrefixSpace) WordRewriter.Prefix(text, words, ' ', word => text.Text[word.Start] != ' ');
        base.Apply(text, words);
        if (writesBytes) WriteBytes(text, words);
    }

    public override PreTokenizer WithBytesWritten(bool alsoLast) =>
        alsoLast ? new ByteLevelPreTokenizer(addPrefixSpace, trimOffsets, useRegex, writesBytes: true) : this;

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "ByteLevel");
        writer.WriteBoolean("add_prefix_space", addPrefixSpace);
        writer.WriteBoolean("trim_offsets", trimOffsets);
        writer.WriteBoolean("use_regex", useRegex);
        writer.WriteEndObject();
    }

    private static void WriteBytes(NormalizedText text, List<TextPiece> words)
    {
        var rewriter = new WordRewriter(text);
        Span<byte> bytes = stackalloc byte[4];
        foreach (var word in words)
        {
            rewriter.StartWord();
            for (var i = word.Start; i < word.Start + word.Length;)
            {
                Rune.DecodeFromUtf16(text.Text.AsSpan(i, word.Start + word.Length - i), out var rune, out var units);
                foreach (var value in bytes[..rune.EncodeToUtf8(bytes)]) rewriter.Add(ByteAlphabet.ToChar(value), i);
                i += units;
            }
        }

        rewriter.Finish(words);
    }
}
