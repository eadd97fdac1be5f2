using Coppice.Foundation;

namespace Coppice.Corpus.Scoring;

/// <summary>How a <see cref="TextNgramModel"/> is made.</summary>
public sealed record TextNgramOptions
{
    /// <summary>Words of the longest n-gram, from 1 to 8. CCNet's models have 5; on a few million words 3 take a quarter of the memory and are nearly as good.</summary>
    public int Order { get; init; } = 3;

    /// <summary>The most words that are learned from; what comes later is left out. Bounds the memory: of prose, a million words take about 40 MB at order 3 and 150 MB at order 5, and twice that in training.</summary>
    public long MaximumWords { get; init; } = 4_000_000;
}

/// <summary>
/// An n-gram model of words with Kneser-Ney smoothing, for text of any kind: what no word of the training text is, is spelled by an n-gram model of characters, so that
/// no string is impossible and none is cheap because it is unknown. Case makes no difference, nor does it which digits a number has; punctuation marks are words, and
/// line breaks are too.
/// </summary>
[Technique("kneser-ney", Title = "An Empirical Study of Smoothing Techniques for Language Modeling", Paper = "doi:10.1006/csla.1999.0128")]
public sealed class TextNgramModel
{
    private const int SpellingOrder = 5;
    private const ulong EndOfWord = char.MaxValue + 1;
    private static readonly double s_log2OfAnyCharacter = -Math.Log2(EndOfWord + 1.0);

    private readonly KneserNeyModel _words;
    private readonly KneserNeyModel _spelling;

    private TextNgramModel(KneserNeyModel words, KneserNeyModel spelling) => (_words, _spelling) = (words, spelling);

    /// <summary>Learns from texts.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="options">How the model is made.</param>
    /// <param name="cancellation">Stops between two texts.</param>
    /// <exception cref="CoppiceException">An option is out of range, or no text has a word.</exception>
    public static TextNgramModel Train(IEnumerable<string> texts, TextNgramOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new();
        if (options.Order is < 1 or > KneserNeyCounts.LongestOrder) throw CoppiceException.Usage($"n-gram model: the order is {options.Order}; give 1 to {KneserNeyCounts.LongestOrder}");
        if (options.MaximumWords < 1) throw CoppiceException.Usage($"n-gram model: the most words are {options.MaximumWords}; give 1 or more");
        var counts = new KneserNeyCounts(options.Order);
        var spellings = new KneserNeyCounts(SpellingOrder);
        var vocabulary = new List<string>();
        var words = 0L;
        foreach (var text in texts)
        {
            cancellation.ThrowIfCancellationRequested();
            var contexts = counts.BeginText();
            for (var reader = new WordReader(text); words < options.MaximumWords && reader.Next(); words++)
            {
                if (!counts.Add(contexts, reader.Hash)) continue;
                // Unknown words are as words are that were met for the first time: each is spelled once.
                var word = text.AsSpan()[reader.Place];
                vocabulary.Add(word.ToString());
                var letters = spellings.BeginText();
                foreach (var unit in word) spellings.Add(letters, WordReader.Folded(unit));
                spellings.Add(letters, EndOfWord);
            }

            if (words >= options.MaximumWords) break;
        }

        if (words == 0) throw new CoppiceException("n-gram model: no text with words to learn from");
        var spelling = spellings.ToModel(_ => s_log2OfAnyCharacter);
        return new TextNgramModel(counts.ToModel(word => Spell(spelling, vocabulary[word])), spelling);
    }

    /// <summary>How surprising a text is.</summary>
    /// <param name="text">The text.</param>
    public TextSurprise Score(ReadOnlySpan<char> text)
    {
        Span<ulong> hashes = stackalloc ulong[KneserNeyReader.MostAtOnce];
        Span<Range> pieces = stackalloc Range[KneserNeyReader.MostAtOnce];
        Span<double> log2 = stackalloc double[KneserNeyReader.MostAtOnce];
        Span<bool> isKnown = stackalloc bool[KneserNeyReader.MostAtOnce];
        var model = new KneserNeyReader(_words);
        var reader = new WordReader(text);
        var (bits, words) = (0.0, 0L);
        int count;
        do
        {
            for (count = 0; count < hashes.Length && reader.Next(); count++) (hashes[count], pieces[count]) = (reader.Hash, reader.Place);
            model.Next(hashes[..count], log2, isKnown);
            for (var i = 0; i < count; i++) bits -= isKnown[i] ? log2[i] : log2[i] + Spell(_spelling, text[pieces[i]]);
            words += count;
        }
        while (count > 0);
        return new TextSurprise(bits, words);
    }

    private static double Spell(KneserNeyModel spelling, ReadOnlySpan<char> word)
    {
        var reader = new KneserNeyReader(spelling);
        var log2 = 0.0;
        foreach (var unit in word) log2 += OfSymbol(ref reader, WordReader.Folded(unit));
        return log2 + OfSymbol(ref reader, EndOfWord);

        static double OfSymbol(ref KneserNeyReader reader, ulong symbol) => reader.Next(symbol, out var isKnown) + (isKnown ? 0 : s_log2OfAnyCharacter);
    }
}

/// <summary>How surprising a text is to a model.</summary>
/// <param name="Bits">The negative base-2 logarithm of its probability.</param>
/// <param name="Words">How many words it has: punctuation marks and line breaks included.</param>
public readonly record struct TextSurprise(double Bits, long Words)
{
    /// <summary>Two to the power of the mean bits of a word; positive infinity for a text without words.</summary>
    public double Perplexity => Words == 0 ? double.PositiveInfinity : Math.Pow(2, Bits / Words);
}
