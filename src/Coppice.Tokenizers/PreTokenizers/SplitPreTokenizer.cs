using System.Text.Json;

namespace Coppice.Tokenizers.PreTokenizers;

/// <summary>What <see cref="SplitPreTokenizer"/> does with the text that its pattern matches.</summary>
internal enum SplitBehavior
{
    Removed,
    Isolated,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}

/// <summary><c>Split</c>: cuts where a pattern matches. The patterns of GPT-2, GPT-4, Llama 3 and Qwen 2, and that of our own Unigram tokenizers, run as hand-written scanners.</summary>
internal sealed class SplitPreTokenizer : PreTokenizer
{
    private readonly TextPattern pattern;
    private readonly SplitBehavior behavior;
    private readonly bool invert;
    private readonly Scanner? scanner;

    public SplitPreTokenizer(TextPattern pattern, SplitBehavior behavior, bool invert)
    {
        this.pattern = pattern;
        this.behavior = behavior;
        this.invert = invert;
        // These patterns match every character, so "isolate the matches" and "remove what isn't matched" come to the same.
        var everyCharacterIsKept = behavior == SplitBehavior.Isolated || (behavior == SplitBehavior.Removed && invert);
        scanner = pattern.IsRegex && everyCharacterIsKept ? ScannerOf(pattern.Source) : null;
    }

    private delegate int Scanner(ReadOnlySpan<char> text, int start);

    public override void Split(ReadOnlySpan<char> text, TextPiece range, List<TextPiece> words)
    {
        if (range.Length == 0) return;
        var part = text.Slice(range.Start, range.Length);
        if (scanner is not null)
        {
            for (var start = 0; start < part.Length;)
            {
                var end = scanner(part, start);
                words.Add(new TextPiece(range.Start + start, end - start));
                start = end;
            }

            return;
        }

        foreach (var piece in Join(Segments(part)))
        {
            if (piece.Length > 0) words.Add(new TextPiece(range.Start + piece.Start, piece.Length));
        }
    }

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "Split");
        pattern.Write(writer);
        writer.WriteString("behavior", behavior.ToString());
        writer.WriteBoolean("invert", invert);
        writer.WriteEndObject();
    }

    private static Scanner? ScannerOf(string pattern) => pattern switch
    {
        Gpt2Scanner.Pattern => Gpt2Scanner.EndOfWord,
        MetaspaceScanner.Pattern => MetaspaceScanner.EndOfWord,
        Gpt4Scanner.Pattern => static (text, start) => Gpt4Scanner.EndOfWord(text, start, 3),
        Gpt4Scanner.SingleDigitPattern => static (text, start) => Gpt4Scanner.EndOfWord(text, start, 1),
        _ => null,
    };

    // The whole text as alternating segments that are delimiters and segments that aren't.
    private List<(TextPiece Piece, bool IsDelimiter)> Segments(ReadOnlySpan<char> text)
    {
        var segments = new List<(TextPiece, bool)>();
        var position = 0;
        foreach (var match in pattern.Matches(text, alsoEmpty: true))
        {
            if (match.Start > position) segments.Add((new TextPiece(position, match.Start - position), invert));
            segments.Add((match, !invert));
            position = match.Start + match.Length;
        }

        if (position < text.Length) segments.Add((new TextPiece(position, text.Length - position), invert));
        return segments;
    }

    private List<TextPiece> Join(List<(TextPiece Piece, bool IsDelimiter)> segments)
    {
        var pieces = new List<TextPiece>(segments.Count);
        var previousWasDelimiter = false;
        for (var i = 0; i < segments.Count; i++)
        {
            var (piece, isDelimiter) = segments[i];
            var joinsPrevious = i > 0 && behavior switch
            {
                SplitBehavior.MergedWithPrevious => isDelimiter && !previousWasDelimiter,
                SplitBehavior.MergedWithNext => !isDelimiter && previousWasDelimiter,
                SplitBehavior.Contiguous => isDelimiter == previousWasDelimiter,
                _ => false,
            };
            if (joinsPrevious) pieces[^1] = pieces[^1] with { Length = pieces[^1].Length + piece.Length };
            else if (!isDelimiter || behavior != SplitBehavior.Removed) pieces.Add(piece);
            previousWasDelimiter = isDelimiter;
        }

        return pieces;
    }
}
