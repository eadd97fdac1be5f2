using System.Text;

namespace Coppice.Tokenizers;

/// <summary>A text on its way through the normalizers, which remembers, where offsets are wanted, the original code points that each character came from.</summary>
internal sealed class NormalizedText
{
    // For each UTF-16 unit of Text: the code points [start, end) of the original text that it stands for. Null where offsets aren't wanted.
    private (int Start, int End)[]? alignments;

    private NormalizedText(string text, (int Start, int End)[]? alignments)
    {
        Text = text;
        this.alignments = alignments;
    }

    /// <summary>The text as it is now.</summary>
    public string Text { get; private set; }

    /// <summary>Starts from a piece of the original text.</summary>
    /// <param name="text">The piece.</param>
    /// <param name="firstCodePoint">The number of code points before it in the original text.</param>
    /// <param name="trackOffsets">Whether offsets are wanted.</param>
    public static NormalizedText From(string text, int firstCodePoint, bool trackOffsets)
    {
        if (!trackOffsets) return new NormalizedText(text, null);
        var alignments = new (int, int)[text.Length];
        var codePoint = firstCodePoint - 1;
        for (var i = 0; i < text.Length; i++)
        {
            var isSecondHalf = i > 0 && char.IsSurrogatePair(text[i - 1], text[i]);
            if (!isSecondHalf) codePoint++;
            alignments[i] = (codePoint, codePoint + 1);
        }

        return new NormalizedText(text, alignments);
    }

    /// <summary>The original code points that one UTF-16 unit came from.</summary>
    public (int Start, int End) AlignmentOf(int index) => alignments![index];

    /// <summary>A part of the text.</summary>
    public NormalizedText Slice(int start, int length) =>
        length == Text.Length ? this : new NormalizedText(Text.Substring(start, length), alignments?.AsSpan(start, length).ToArray());

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
    /// <param name="ranges">The ranges, ascending and disjoint.</param>
    /// <param name="content">What replaces each.</param>
    public void Replace(IReadOnlyList<TextPiece> ranges, string content)
    {
        if (ranges.Count == 0) return;
        var text = new StringBuilder(Text.Length);
        var moved = alignments is null ? null : new List<(int, int)>(Text.Length);
        var position = 0;
        foreach (var range in ranges)
        {
            CopyTo(text, moved, position, range.Start);
            text.Append(content);
            position = range.Start + range.Length;
            var alignment = alignments is null || position == 0 ? (0, 0) : alignments[position - 1];
            for (var i = 0; i < content.Length; i++) moved?.Add(alignment);
        }

        CopyTo(text, moved, position, Text.Length);
        Text = text.ToString();
        alignments = moved?.ToArray();
    }

    /// <summary>Replaces the whole text.</summary>
    /// <param name="text">The new text.</param>
    /// <param name="origins">For each of its UTF-16 units, the unit of the old text that it came from.</param>
    public void Rewrite(string text, IReadOnlyList<int> origins)
    {
        Text = text;
        if (alignments is null) return;
        var old = alignments;
        alignments = origins.Select(origin => old[origin]).ToArray();
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
