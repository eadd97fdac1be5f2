using System.Text.Json;

namespace Coppice.Tokenizers.PreTokenizers;

/// <summary><c>ByteLevel</c>: the model sees bytes, written in GPT-2's alphabet; with <c>use_regex</c> the text is cut as GPT-2 cuts it.</summary>
internal sealed class ByteLevelPreTokenizer : PreTokenizer
{
    private readonly bool trimOffsets;
    private readonly bool useRegex;

    public ByteLevelPreTokenizer(bool addPrefixSpace, bool trimOffsets, bool useRegex)
    {
        AddsPrefixSpace = addPrefixSpace;
        this.trimOffsets = trimOffsets;
        this.useRegex = useRegex;
    }

    public override bool IsByteLevel => true;

    public override bool AddsPrefixSpace { get; }

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

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "ByteLevel");
        writer.WriteBoolean("add_prefix_space", AddsPrefixSpace);
        writer.WriteBoolean("trim_offsets", trimOffsets);
        writer.WriteBoolean("use_regex", useRegex);
        writer.WriteEndObject();
    }
}
