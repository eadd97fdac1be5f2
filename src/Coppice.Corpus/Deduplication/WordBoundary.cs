using System.Globalization;

namespace Coppice.Corpus.Deduplication;

/// <summary>Where a text can be cut without cutting a word or a character.</summary>
internal static class WordBoundary
{
    /// <summary>Makes a range smaller until both its ends lie between words.</summary>
    /// <param name="text">The text.</param>
    /// <param name="start">Where it starts.</param>
    /// <param name="end">Where it ends.</param>
    /// <returns>The range; empty or reversed where there is no boundary in it.</returns>
    public static (int Start, int End) Shrink(string text, int start, int end)
    {
        while (start < end && !IsBoundary(text, start)) start++;
        while (end > start && !IsBoundary(text, end)) end--;
        return (start, end);
    }

    private static bool IsBoundary(string text, int index)
    {
        if (index <= 0 || index >= text.Length) return true;
        var (before, after) = (text[index - 1], text[index]);
        if (char.IsLowSurrogate(after) && char.IsHighSurrogate(before)) return false;
        if (IsMark(after)) return false;
        return !(IsInWord(before) && IsInWord(after));
    }

    private static bool IsMark(char unit) =>
        char.GetUnicodeCategory(unit) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;

    private static bool IsInWord(char unit) => (char.IsLetterOrDigit(unit) || IsMark(unit)) && !CharacterFolding.IsUnspaced(unit);
}
