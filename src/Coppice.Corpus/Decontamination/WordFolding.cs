using System.Globalization;
using System.Text;

namespace Coppice.Corpus.Decontamination;

/// <summary>
/// What a UTF-16 unit counts as when texts are compared regardless of case, accents, punctuation and white space: nothing between two words, nothing at all
/// (apostrophes and combining marks: <c>don't</c> is <c>dont</c>), or a character in lower case without its accent (compatibility decomposition, so that full-width letters are
/// plain ones too).
/// </summary>
internal static class WordFolding
{
    /// <summary>What separates words.</summary>
    public const char Separator = '\0';

    /// <summary>What is left out inside a word.</summary>
    public const char Ignored = '\u0001';

    /// <summary>The folded character of each UTF-16 unit, or one of the two constants.</summary>
    public static readonly char[] Table = MakeTable();

    /// <summary>Whether a folded character is a word by itself: scripts without spaces between words (Chinese, Japanese).</summary>
    public static bool IsWholeWord(char folded) => folded is (>= '\u2E80' and < '\uA4D0') or (>= '\uF900' and < '\uFB00');

    private static char[] MakeTable()
    {
        var table = new char[char.MaxValue + 1];
        for (var i = 0; i < table.Length; i++) table[i] = Fold((char)i);
        return table;
    }

    private static char Fold(char c)
    {
        if (c is '\'' or '\u2019' or '\u2018' or '\u02BC' || CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.Format) return Ignored;
        // Half of a character beyond the basic plane: letters and signs there are compared as they are.
        if (char.IsSurrogate(c)) return c;
        if (!char.IsLetterOrDigit(c)) return Separator;
        return char.ToLowerInvariant(c.ToString().Normalize(NormalizationForm.FormKD)[0]);
    }
}
