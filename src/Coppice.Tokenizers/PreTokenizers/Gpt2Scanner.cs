namespace Coppice.Tokenizers.PreTokenizers;

/// <summary>
/// GPT-2's pre-tokenisation, written out by hand because a regular expression engine is many times slower:
/// <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>.
/// </summary>
internal static class Gpt2Scanner
{
    /// <summary>The pattern that the scanner stands for.</summary>
    public const string Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>Where the word that starts at a place ends.</summary>
    public static int EndOfWord(ReadOnlySpan<char> text, int start)
    {
        var first = text[start];
        if (first == '\'' && Contraction(text[(start + 1)..]) is > 0 and var length) return start + 1 + length;

        var runStart = first == ' ' && start + 1 < text.Length ? start + 1 : start;
        var runClass = CharacterClasses.At(text, runStart, out _);
        return runClass == CharacterClass.WhiteSpace
            ? EndOfWhiteSpace(text, start)
            : CharacterClasses.EndOfRun(text, runStart, runClass);
    }

    /// <summary><c>\s+(?!\S)|\s+</c>: a run of white space leaves its last character to the word that follows, unless it has only that one.</summary>
    public static int EndOfWhiteSpace(ReadOnlySpan<char> text, int start)
    {
        var end = CharacterClasses.EndOfRun(text, start, CharacterClass.WhiteSpace);
        return end == text.Length || end == start + 1 ? end : end - 1;
    }

    private static int Contraction(ReadOnlySpan<char> text) => text switch
    {
        ['s' or 't' or 'm' or 'd', ..] => 1,
        ['r' or 'v', 'e', ..] or ['l', 'l', ..] => 2,
        _ => 0,
    };
}
