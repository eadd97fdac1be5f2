using System.Globalization;

namespace Coppice.Corpus.Deduplication;

/// <summary>Where a text can be cut without cutting a word or a character.</summary>
internal static class WordBoundary
{
    // What is longer is no word, and is cut between two characters.
    private const int LongestWord = 64;

    /// <summary>Makes a range smaller until both its ends lie between words.</summary>
    /// <param name="text">The text.</param>
    /// <param name="start">Where it starts.</param>
    /// <param name="end">Where it ends.</param>
    /// <returns>The range; empty where there is no boundary in it.</returns>
    public static (int Start, int End) Shrink(string text, int start, int end)
    {
        while (start < end && !IsBetweenCharacters(text, start)) start++;
        while (end > start && !IsBetweenCharacters(text, end)) end--;
        var (first, last) = (start, end);
        while (start < last && start - first < LongestWord && !IsBetweenWords(text, start)) start++;
        if (start - first == LongestWord) start = first;
        while (end > start && last - end < LongestWord && !IsBetweenWords(text, end)) end--;
        if (last - end == LongestWord) end = last;
        return KeepSpace(text, start, end);
    }

    /// <summary>Where a cut would join two words, one of the white space in it stays.</summary>
    private static (int Start, int End) KeepSpace(string text, int start, int end)
    {
        if (start >= end || start == 0 || end == text.Length || char.IsWhiteSpace(text[start - 1]) || char.IsWhiteSpace(text[end])) return (start, end);
        if (char.IsWhiteSpace(text[end - 1])) return (start, end - 1);
        return char.IsWhiteSpace(text[start]) ? (start + 1, end) : (start, end);
    }

    private static bool IsBetweenWords(string text, int index) =>
        IsBetweenCharacters(text, index) && (index <= 0 || index >= text.Length || !(IsInWord(text[index - 1]) && IsInWord(text[index])));

    private static bool IsBetweenCharacters(string text, int index) =>
        index <= 0 || index >= text.Length || !((char.IsLowSurrogate(text[index]) && char.IsHighSurrogate(text[index - 1])) || IsMark(text[index]));

    private static bool IsMark(char unit) =>
        char.GetUnicodeCategory(unit) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;

    private static bool IsInWord(char unit) => (char.IsLetterOrDigit(unit) || IsMark(unit)) && !CharacterFolding.IsUnspaced(unit);
}
