namespace Coppice.Tokenizers.PreTokenizers;

/// <summary>
/// The pre-tokenisation of GPT-4 (cl100k) as Llama 3 and Qwen 2 write it, by hand:
/// <c>(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>;
/// Qwen has <c>\p{N}</c> instead of <c>\p{N}{1,3}</c>.
/// </summary>
internal static class Gpt4Scanner
{
    /// <summary>The pattern with numbers in groups of up to three digits (GPT-4, Llama 3).</summary>
    public const string Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>The pattern with each digit alone (Qwen 2).</summary>
    public const string SingleDigitPattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Where the word that starts at a place ends.</summary>
    /// <param name="text">The text.</param>
    /// <param name="start">Where the word starts.</param>
    /// <param name="digits">How many digits a number may have.</param>
    public static int EndOfWord(ReadOnlySpan<char> text, int start, int digits)
    {
        var first = text[start];
        if (first == '\'' && Contraction(text[(start + 1)..]) is > 0 and var contraction) return start + 1 + contraction;

        var firstClass = CharacterClasses.At(text, start, out var length);
        var next = start + length;
        switch (firstClass)
        {
            case CharacterClass.Letter:
                return CharacterClasses.EndOfRun(text, next, CharacterClass.Letter);
            case CharacterClass.Number:
                for (var count = 1; count < digits && next < text.Length; count++)
                {
                    if (CharacterClasses.At(text, next, out length) != CharacterClass.Number) break;
                    next += length;
                }

                return next;
        }

        var nextClass = next < text.Length ? CharacterClasses.At(text, next, out _) : CharacterClass.WhiteSpace;
        if (nextClass == CharacterClass.Letter && first is not ('\r' or '\n')) return CharacterClasses.EndOfRun(text, next, CharacterClass.Letter);
        if (firstClass == CharacterClass.Other || (first == ' ' && nextClass == CharacterClass.Other))
        {
            var end = CharacterClasses.EndOfRun(text, next, CharacterClass.Other);
            while (end < text.Length && text[end] is '\r' or '\n') end++;
            return end;
        }

        var endOfRun = CharacterClasses.EndOfRun(text, start, CharacterClass.WhiteSpace);
        var lastLineEnd = text[start..endOfRun].LastIndexOfAny('\r', '\n');
        return lastLineEnd >= 0 ? start + lastLineEnd + 1 : Gpt2Scanner.EndOfWhiteSpace(text, start);
    }

    // U+017F, the long s, is an s where case is ignored.
    private static int Contraction(ReadOnlySpan<char> text) => text switch
    {
        ['s' or 'S' or '\u017F' or 't' or 'T' or 'm' or 'M' or 'd' or 'D', ..] => 1,
        ['r' or 'R' or 'v' or 'V', 'e' or 'E', ..] or ['l' or 'L', 'l' or 'L', ..] => 2,
        _ => 0,
    };
}
