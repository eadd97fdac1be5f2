using System.Numerics;

namespace Coppice.Corpus.Deduplication;

/// <summary>A part of the corpus, as the passages of documents that may be repeated.</summary>
/// <param name="capacity">How many UTF-16 units it can hold.</param>
internal sealed class PassageText(int capacity)
{
    /// <summary>Stands between passages. No document has it: there it becomes the replacement character.</summary>
    public const char Separator = '\uFFFF';

    private readonly List<(int At, int Document, int Offset)> _passages = [];
    private char[] _text = [];

    /// <summary>How much it holds.</summary>
    public int Length { get; private set; }

    /// <summary>The text.</summary>
    public ReadOnlySpan<char> Span => _text.AsSpan(0, Length);

    /// <summary>Adds a passage.</summary>
    /// <param name="document">The document it is of.</param>
    /// <param name="offset">Where in the document it starts.</param>
    /// <param name="passage">The passage.</param>
    /// <returns>False where it does not fit any more.</returns>
    public bool Add(int document, int offset, ReadOnlySpan<char> passage)
    {
        var end = (long)Length + passage.Length + 1;
        if (end > capacity && Length > 0) return false;
        if (end > _text.Length) Array.Resize(ref _text, (int)Math.Max(end, Math.Min(capacity, Math.Max(1 << 16, _text.Length * 2L))));
        _passages.Add((Length, document, offset));
        passage.CopyTo(_text.AsSpan(Length));
        _text[(int)end - 1] = Separator;
        Length = (int)end;
        return true;
    }

    /// <summary>Empties it.</summary>
    public void Clear()
    {
        Length = 0;
        _passages.Clear();
    }

    /// <summary>The passages in order: where each starts in the text and where it ends, its document, and where it starts there.</summary>
    public IEnumerable<(int At, int End, int Document, int Offset)> Passages
    {
        get
        {
            for (var i = 0; i < _passages.Count; i++)
            {
                var (at, document, offset) = _passages[i];
                yield return (at, i + 1 < _passages.Count ? _passages[i + 1].At : Length, document, offset);
            }
        }
    }
}

/// <summary>Finds repeated passages of a part with a suffix array: suffixes that begin with the same units are neighbours there.</summary>
/// <param name="length">The least length of a repeated passage.</param>
/// <param name="keepOne">Whether the first copy stays.</param>
internal sealed class RepeatFinder(int length, bool keepOne)
{
    private int[] _suffixes = [];

    /// <summary>Finds the repeated passages, and reports them without the first copy, as ranges of the documents.</summary>
    /// <param name="part">The part.</param>
    /// <param name="report">Is given a document, a start and an end.</param>
    public void Find(PassageText part, Action<int, int, int> report)
    {
        var text = part.Span;
        if (text.Length == 0) return;
        if (_suffixes.Length < text.Length) _suffixes = new int[text.Length];
        var suffixes = _suffixes.AsSpan(0, text.Length);
        SuffixArray.Sort(text, suffixes);
        var copies = MarkCopies(text, suffixes);
        foreach (var (at, end, document, offset) in part.Passages)
        {
            for (var i = Next(copies, at, end); i < end; i = Next(copies, i, end))
            {
                // A run of starts whose passages touch is one range.
                var (start, last) = (i, i);
                for (i++; i < end && i <= last + length; i++)
                {
                    if (IsMarked(copies, i)) last = i;
                }

                i = last + 1;
                report(document, offset + start - at, offset + last - at + length);
            }
        }
    }

    /// <summary>Marks the positions at which a copy starts.</summary>
    private ulong[] MarkCopies(ReadOnlySpan<char> text, ReadOnlySpan<int> suffixes)
    {
        var copies = new ulong[(text.Length + 63) / 64];
        for (var start = 0; start < suffixes.Length;)
        {
            var (end, first) = (start + 1, suffixes[start]);
            while (end < suffixes.Length && IsSame(text, suffixes[end - 1], suffixes[end]))
            {
                first = Math.Min(first, suffixes[end]);
                end++;
            }

            if (end > start + 1 && !text.Slice(first, length).Contains(PassageText.Separator))
            {
                foreach (var copy in suffixes[start..end])
                {
                    // A passage that overlaps the first copy, as in a run of one character, is not there twice.
                    if (!keepOne || copy >= first + length) copies[copy / 64] |= 1UL << (copy % 64);
                }
            }

            start = end;
        }

        return copies;
    }

    private bool IsSame(ReadOnlySpan<char> text, int first, int second) =>
        Math.Max(first, second) + length <= text.Length && text.Slice(first, length).SequenceEqual(text.Slice(second, length));

    private static bool IsMarked(ulong[] marks, int index) => (marks[index / 64] >> (index % 64) & 1) != 0;

    private static int Next(ulong[] marks, int index, int end)
    {
        while (index < end)
        {
            var rest = marks[index / 64] >> (index % 64);
            if (rest != 0) return Math.Min(end, index + BitOperations.TrailingZeroCount(rest));
            index = ((index / 64) + 1) * 64;
        }

        return end;
    }
}
