namespace Coppice.Corpus.Selection;

/// <summary>
/// The line heuristics of text-quality pruning that need no parser: eleven of the paper's fourteen (left out: whether a line has an object, whether it has a noun, and its syntactic
/// complexity). Determiners and stop words are English.
/// </summary>
internal sealed class LineHeuristics
{
    /// <summary>What a line that passes a heuristic has, by the heuristic's bit.</summary>
    public static readonly IReadOnlyList<string> Names =
    [
        "begins with a capital", "not all capitals", "few repeated words", "few digits and punctuation", "no curly bracket", "ends a sentence", "two stop words", "no javascript or lorem ipsum",
        "more than 3 tokens", "4 to 255 words", "a determiner",
    ];

    private const double MostRepetition = 0.2;
    private const double MostSymbols = 0.25;

    // Longer lines are judged by their beginning; they are too long in any case.
    private const int MostWords = 512;
    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> StopWords =
        new HashSet<string>(["the", "be", "to", "of", "and", "that", "have", "with"], StringComparer.OrdinalIgnoreCase).GetAlternateLookup<ReadOnlySpan<char>>();

    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> Determiners = new HashSet<string>(
        ["the", "a", "an", "this", "that", "these", "those", "my", "your", "his", "her", "its", "our", "their", "some", "any", "no", "every", "each", "all", "both", "either", "neither", "another", "such"],
        StringComparer.OrdinalIgnoreCase).GetAlternateLookup<ReadOnlySpan<char>>();

    private readonly ulong[] _words = new ulong[MostWords];

    /// <summary>Judges a line.</summary>
    /// <param name="line">The line; white space around it doesn't count.</param>
    /// <returns>The heuristics it passes, a bit each, and its words; no words for an empty line.</returns>
    public (int Passed, int Words) Judge(ReadOnlySpan<char> line)
    {
        line = line.Trim();
        var (words, tokens, symbols, stopWords, determiners, kept) = (0, 0, 0, 0, 0, 0);
        var (anyLower, anyUpper) = (false, false);
        for (var i = 0; i < line.Length;)
        {
            if (char.IsWhiteSpace(line[i]))
            {
                i++;
                continue;
            }

            var start = i;
            var hash = 0UL;
            var wasWord = false;
            for (; i < line.Length && !char.IsWhiteSpace(line[i]); i++)
            {
                var c = line[i];
                anyLower |= char.IsLower(c);
                anyUpper |= char.IsUpper(c);
                if (char.IsDigit(c) || char.IsPunctuation(c)) symbols++;
                var isWord = char.IsLetterOrDigit(c);
                if (i == start || isWord != wasWord) tokens++;
                wasWord = isWord;
                hash = (hash ^ char.ToLowerInvariant(c)) * 0x100000001B3;
            }

            words++;
            if (kept < MostWords) _words[kept++] = hash;
            var word = line[start..i].Trim(".,;:!?\"'()");
            if (StopWords.Contains(word)) stopWords++;
            if (Determiners.Contains(word)) determiners++;
        }

        if (words == 0) return (0, 0);
        return (Bits(
            char.IsUpper(line[0]),
            anyLower || !anyUpper,
            Repetition(kept) <= MostRepetition,
            symbols <= MostSymbols * words,
            !line.Contains('{'),
            line[^1] is '.' or '!' or '?' or '"',
            stopWords >= 2,
            !line.Contains("javascript", StringComparison.OrdinalIgnoreCase) && !line.Contains("lorem ipsum", StringComparison.OrdinalIgnoreCase),
            tokens > 3,
            words is > 3 and < 256,
            determiners > 0), words);
    }

    private double Repetition(int count)
    {
        var words = _words.AsSpan(0, count);
        words.Sort();
        var repeated = 0;
        for (var i = 1; i < count; i++) repeated += words[i] == words[i - 1] ? 1 : 0;
        return (double)repeated / count;
    }

    private static int Bits(params ReadOnlySpan<bool> flags)
    {
        var bits = 0;
        for (var i = 0; i < flags.Length; i++) bits |= flags[i] ? 1 << i : 0;
        return bits;
    }
}
