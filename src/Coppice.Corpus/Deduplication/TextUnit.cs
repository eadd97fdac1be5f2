namespace Coppice.Corpus.Deduplication;

/// <summary>The pieces of a document that are compared with those of others.</summary>
public enum TextUnit
{
    /// <summary>Lines.</summary>
    Line,

    /// <summary>Paragraphs: lines between empty lines.</summary>
    Paragraph,
}

/// <summary>Which pieces of a document are compared, and as what.</summary>
/// <param name="Unit">Lines or paragraphs.</param>
/// <param name="MinimumLength">
/// The least number of characters (UTF-16 units, white space at the ends not counted) of a piece that is compared; shorter ones, such as headings and answers in a
/// dialogue, repeat without being copies.
/// </param>
/// <param name="Normalized">Whether to compare words only (see <see cref="ExactDocuments"/>), as CCNet does with paragraphs; else the text between white space at the ends.</param>
public readonly record struct TextPieces(TextUnit Unit, int MinimumLength, bool Normalized)
{
    /// <summary>The hash of a piece, or null where it is too short to be compared.</summary>
    /// <param name="piece">The piece, with the white space around it.</param>
    internal ulong? HashOf(ReadOnlySpan<char> piece)
    {
        piece = piece.Trim();
        if (piece.Length < Math.Max(1, MinimumLength)) return null;
        return Normalized && new FoldedWordReader(piece).Next(out _) ? WordsHash.Of(piece) : TextHash.Of(piece);
    }
}

/// <summary>Goes through a text piece by piece. Each has the line ends, and the empty lines, that follow it: what is cut out leaves no gap.</summary>
/// <param name="text">The text.</param>
/// <param name="unit">Lines or paragraphs.</param>
internal ref struct PieceReader(ReadOnlySpan<char> text, TextUnit unit)
{
    private readonly ReadOnlySpan<char> _text = text;

    /// <summary>Where the piece begins.</summary>
    public int Start { get; private set; }

    /// <summary>Where it ends.</summary>
    public int End { get; private set; }

    /// <summary>The piece.</summary>
    public readonly ReadOnlySpan<char> Current => _text[Start..End];

    /// <summary>Moves to the next piece.</summary>
    /// <returns>False at the end.</returns>
    public bool Next()
    {
        Start = End;
        if (Start == _text.Length) return false;
        End = LineEnd(Start);
        if (unit == TextUnit.Line) return true;
        var isInside = !IsEmpty(Start, End);
        while (End < _text.Length)
        {
            var next = LineEnd(End);
            var isEmpty = IsEmpty(End, next);
            if (!isEmpty && !isInside) break;
            if (isEmpty) isInside = false;
            End = next;
        }

        return true;
    }

    private readonly int LineEnd(int start)
    {
        var length = _text[start..].IndexOf('\n');
        return length < 0 ? _text.Length : start + length + 1;
    }

    private readonly bool IsEmpty(int start, int end) => _text[start..end].IsWhiteSpace();
}
