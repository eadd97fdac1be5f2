namespace Coppice.Corpus.Privacy;

/// <summary>Small questions about text around a place; out of range is a space.</summary>
internal static class Ascii
{
    public static char At(ReadOnlySpan<char> text, int index) => (uint)index < (uint)text.Length ? text[index] : ' ';

    public static bool IsDigitAt(ReadOnlySpan<char> text, int index) => char.IsAsciiDigit(At(text, index));

    public static bool IsWordAt(ReadOnlySpan<char> text, int index) => At(text, index) is var unit && (char.IsLetterOrDigit(unit) || unit == '_');

    /// <summary>The text before a place on the same line, at most so much of it.</summary>
    public static ReadOnlySpan<char> Before(ReadOnlySpan<char> text, int index, int length)
    {
        var before = text[Math.Max(0, index - length)..index];
        return before[(before.LastIndexOf('\n') + 1)..];
    }

    /// <summary>The last word before a place, with the signs before it skipped; empty where the line begins.</summary>
    public static ReadOnlySpan<char> WordBefore(ReadOnlySpan<char> text, int index)
    {
        const int Longest = 24;
        var before = Before(text, index, Longest);
        var end = before.Length;
        while (end > 0 && !char.IsLetterOrDigit(before[end - 1]) && before[end - 1] != '§') end--;
        var start = end;
        while (start > 0 && (char.IsLetter(before[start - 1]) || before[start - 1] == '§')) start--;
        return before[start..end];
    }

    /// <summary>Whether the text has one of some words, in any case, at the beginning of a word.</summary>
    public static bool HasWord(ReadOnlySpan<char> text, System.Buffers.SearchValues<string> words)
    {
        for (var from = 0; from < text.Length;)
        {
            var found = text[from..].IndexOfAny(words);
            if (found < 0) return false;
            if (!IsWordAt(text, from + found - 1)) return true;
            from += found + 1;
        }

        return false;
    }
}
