using System.Text;

namespace Coppice.Tokenizers;

/// <summary>
/// A text on its way through normalizers and pre-tokenizers, which remembers, where offsets are wanted, the original code points that each
/// character came from.
/// </summary>
internal sealed class NormalizedText
{
    // For each UTF-16 unit of Text: the code points [start, end) of the original text that it stands for. Null where offsets aren't wanted.
    private (int Start, int End)[]? alignments;

    // Where the piece that this began as starts in the original text.
    private readonly int firstCodePoint;

    private NormalizedText(string text, (int Start, int End)[]? alignments, int firstCodePoint, bool startsOriginal)
    {
        Text = text;
        this.alignments = alignments;
        this.firstCodePoint = firstCodePoint;
        StartsOriginal = startsOriginal;
    }

    /// <summary>The text as it is now.</summary>
    public string Text { get; private set; }

    /// <summary>Whether the first character came from the first one of the original text.</summary>
    public bool StartsOriginal { get; private set; }

    /// <summary>Whether offsets are wanted.</summary>
    public bool TracksOffsets => alignments is not null;

    /// <summary>Starts from a piece of the original text.</summary>
    /// <param name="text">The piece.</param>
    /// <param name="firstCodePoint">The number of code points before it in the original text; where offsets aren't wanted, anything but 0 will do.</param>
    /// <param name="trackOffsets">Whether offsets are wanted.</param>
    public static NormalizedText From(string text, int firstCodePoint, bool trackOffsets)
    {
        if (!trackOffsets) return new NormalizedText(text, null, firstCodePoint, firstCodePoint == 0);
        var alignments = new (int, int)[text.Length];
        var codePoint = firstCodePoint - 1;
        for (var i = 0; i < text.Length; i++)
        {
            var isSecondHalf = i > 0 && char.IsSurrogatePair(text[i - 1], text[i]);
            if (!isSecondHalf) codePoint++;
            alignments[i] = (codePoint, codePoint + 1);
        }

        return new NormalizedText(text, alignments, firstCodePoint, firstCodePoint == 0);
    }

    /// <summary>The original code points that one UTF-16 unit came from.</summary>
    public (int Start, int End) AlignmentOf(int index) => alignments![index];

    /// <summary>A part of the text.</summary>
    public NormalizedText Slice(int start, int length) => length == Text.Length
        ? this
        : new NormalizedText(Text.Substring(start, length), alignments?.AsSpan(start, length).ToArray(), firstCodePoint, StartsOriginal && start == 0);

    /// <summary>Puts characters before the text; they count as part of its first character. An empty text stays empty.</summary>
    public void Prepend(string prefix)
    {
        if (Text.Length == 0) return;
        if (alignments is not null)
        {
            var extended = new (int, int)[prefix.Length + alignments.Length];
            extended.AsSpan(0, prefix.Length).Fill(alignments[0]);
            alignments.CopyTo(extended, prefix.Length);
            alignments = extended;
        }

        Text = prefix + Text;
    }

    /// <summary>Replaces ranges of the text; what replaces a range counts as part of its last character.</summary>
    /// <param name="ranges">The ranges, ascending and disjoint; none is empty.</param>
    /// <param name="content">What replaces each.</param>
    public void Replace(IReadOnlyList<TextPiece> ranges, string content)
    {
        if (ranges.Count == 0) return;
        if (ranges[0] is { Start: 0, Length: var length } && (content.Length == 0 || length > 1)) StartsOriginal = false;
        var text = new StringBuilder(Text.Length);
        var moved = alignments is null ? null : new List<(int, int)>(Text.Length);
        var position = 0;
        foreach (var range in ranges)
        {
            CopyTo(text, moved, position, range.Start);
            text.Append(content);
            position = range.Start + range.Length;
            if (moved is null) continue;
            var alignment = alignments![position - 1];
            for (var i = 0; i < content.Length; i++) moved.Add(alignment);
        }

        CopyTo(text, moved, position, Text.Length);
        Text = text.ToString();
        alignments = moved?.ToArray();
    }

    /// <summary>Replaces one UTF-16 unit by another wherever it stands; the new one came from where the old one did.</summary>
    public void Replace(char unit, char by) => Text = Text.Replace(unit, by);

    /// <summary>Replaces the whole text by edited text.</summary>
    public void Apply(TextEdits edits)
    {
        if (edits.RemovedFirst > 0) StartsOriginal = false;
        alignments = alignments is null ? null : edits.Align(Text, alignments, firstCodePoint);
        Text = edits.Text;
    }

    /// <summary>Keeps a range of the text.</summary>
    public void Keep(int start, int length)
    {
        if (start > 0) StartsOriginal = false;
        alignments = alignments?.AsSpan(start, length).ToArray();
        Text = Text.Substring(start, length);
    }

    /// <summary>Replaces the whole text.</summary>
    /// <param name="text">The new text.</param>
    /// <param name="origins">For each of its UTF-16 units, the unit of the old text that it came from; null where offsets aren't wanted.</param>
    /// <param name="keepsStart">Whether its first character came from the first one of the old text.</param>
    public void Rewrite(string text, IReadOnlyList<int>? origins, bool keepsStart = true)
    {
        Text = text;
        if (!keepsStart) StartsOriginal = false;
        if (alignments is null) return;
        var old = alignments;
        alignments = origins!.Select(origin => old[origin]).ToArray();
    }

    /// <summary>Makes U+FFFD of every surrogate without its other half, which is what it becomes in UTF-8.</summary>
    public void ReplaceLoneSurrogates()
    {
        if (Text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0) return;
        var units = Text.ToCharArray();
        for (var i = 0; i < units.Length; i++)
        {
            if (i + 1 < units.Length && char.IsSurrogatePair(units[i], units[i + 1])) i++;
            else if (char.IsSurrogate(units[i])) units[i] = '\uFFFD';
        }

        Text = new string(units);
    }

    private void CopyTo(StringBuilder text, List<(int, int)>? moved, int start, int end)
    {
        text.Append(Text, start, end - start);
        moved?.AddRange(alignments.AsSpan(start, end - start));
    }
}
