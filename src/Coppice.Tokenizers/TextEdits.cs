using System.Text;

namespace Coppice.Tokenizers;

/// <summary>
/// Edited text, character by character, with what each character does to the old text: the way in which the reference describes a normalisation, so
/// that offsets come out as its own do, also where it counts oddly.
/// </summary>
/// <param name="tracksOffsets">Whether offsets are wanted; without, only the text is kept.</param>
internal sealed class TextEdits(bool tracksOffsets)
{
    private readonly StringBuilder text = new();
    private readonly List<int> changes = [];

    /// <summary>The edited text.</summary>
    public string Text => text.ToString();

    /// <summary>How many characters were left out before the first that was kept.</summary>
    public int RemovedFirst { get; private set; }

    /// <summary>Adds a character in place of the next old one.</summary>
    public void Replace(Rune rune) => Add(rune, 0);

    /// <summary>Adds a character that has no old one: it counts as part of the old one before.</summary>
    public void Insert(Rune rune) => Add(rune, 1);

    /// <summary>Adds a character: above 0 inserted, otherwise in place of the next old one and so many more after it.</summary>
    /// <param name="rune">The character.</param>
    /// <param name="change">Above 0, or minus the number of further characters that it replaces.</param>
    public void Add(Rune rune, int change)
    {
        Span<char> units = stackalloc char[2];
        text.Append(units[..rune.EncodeToUtf16(units)]);
        if (tracksOffsets) changes.Add(change);
    }

    /// <summary>Adds characters in place of as many old ones.</summary>
    public void Keep(ReadOnlySpan<char> unchanged)
    {
        text.Append(unchanged);
        if (!tracksOffsets) return;
        foreach (var _ in unchanged.EnumerateRunes()) changes.Add(0);
    }

    /// <summary>Leaves the next old character out. What was added last isn't an inserted one.</summary>
    public void Remove()
    {
        if (text.Length == 0) RemovedFirst++;
        else RemoveAfterLast(1);
    }

    /// <summary>Leaves old characters out after the last one that was added; where there is none, nothing remembers them.</summary>
    public void RemoveAfterLast(int count)
    {
        if (changes.Count > 0) changes[^1] -= count;
    }

    /// <summary>The original code points of the edited text's UTF-16 units.</summary>
    /// <param name="old">The text before.</param>
    /// <param name="alignments">Its alignments.</param>
    /// <param name="firstCodePoint">Where what comes before its first character is.</param>
    public (int Start, int End)[] Align(string old, (int Start, int End)[] alignments, int firstCodePoint)
    {
        var aligned = new List<(int, int)>(text.Length);
        var offset = 0;
        for (var i = 0; i < RemovedFirst; i++) offset = Next(old, offset);
        var rune = 0;
        foreach (var edited in text.ToString().EnumerateRunes())
        {
            var change = changes[rune++];
            var alignment = change <= 0 ? alignments[Math.Min(offset, alignments.Length - 1)] : offset > 0 ? alignments[offset - 1] : (firstCodePoint, firstCodePoint);
            for (var i = 0; i < edited.Utf16SequenceLength; i++) aligned.Add(alignment);
            for (; change <= 0; change++) offset = Next(old, offset);
        }

        return aligned.ToArray();
    }

    private static int Next(string old, int offset) => offset >= old.Length ? offset : offset + (char.IsSurrogatePair(old, offset) ? 2 : 1);
}
