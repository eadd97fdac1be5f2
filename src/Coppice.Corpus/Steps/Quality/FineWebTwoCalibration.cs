using Coppice.Foundation;

namespace Coppice.Corpus.Quality;

/// <summary>How thresholds are learned.</summary>
public sealed record FineWebTwoCalibrationOptions
{
    /// <summary>The share of the good documents that each threshold may cut off; null to learn it, rule by rule, from <see cref="ReferenceLanguage"/>.</summary>
    public double? Tail { get; init; } = 0.02;

    /// <summary>The language whose usual thresholds are known to be right: where <see cref="Tail"/> is null, other languages lose the share that it loses by them.</summary>
    public string ReferenceLanguage { get; init; } = "en";

    /// <summary>A word is a stop word from this share of all words on.</summary>
    public double StopWordFrequency { get; init; } = 0.008;

    /// <summary>The fewest stop words: where fewer are so frequent, the most frequent words are taken.</summary>
    public int MinStopWords { get; init; } = 8;

    /// <summary>Documents of each language beyond these are not looked at.</summary>
    public int MaxDocuments { get; init; } = 100_000;

    /// <summary>Languages with fewer documents get no thresholds.</summary>
    public int MinDocuments { get; init; } = 20;
}

/// <summary>
/// Learns the thresholds of FineWeb-2's rules for each language from text that is known to be good, such as Wikipedia: measures every document and puts each threshold where
/// it cuts off a small tail, either the same for all rules, or as large as the usual thresholds cut off of a reference language. Stop words are the most frequent words.
/// </summary>
/// <remarks>FineWeb-2 chose among such statistics for each rule by training models; this takes the one of tails for all.</remarks>
[Technique("fineweb-2", Title = "FineWeb2: One Pipeline to Scale Them All - Adapting Pre-Training Data Processing to Every Language", Paper = "arXiv:2506.20920")]
public static class FineWebTwoCalibration
{
    // The measures in the order of a document's row, with the usual threshold and on which side of it documents are dropped.
    private static readonly (double Usual, bool IsMaximum)[] Rules =
    [
        (3, false), (10, true), (0.8, false), (0.3, true), (0.20, true), (0.18, true), (0.16, true),
        (0.15, true), (0.14, true), (0.13, true), (0.12, true), (0.11, true), (0.10, true), (0.12, false), (0.3, true),
    ];

    /// <summary>Learns.</summary>
    /// <param name="documents">The good documents, with their languages; those without one are left out.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="CoppiceException">No language has enough documents, or the reference language has not.</exception>
    public static FineWebTwoThresholds Learn(IEnumerable<Document> documents, FineWebTwoCalibrationOptions? options = null)
    {
        options ??= new FineWebTwoCalibrationOptions();
        var measures = new Measures();
        var samples = new SortedDictionary<string, Sample>(StringComparer.Ordinal);
        foreach (var document in documents)
        {
            if (document.Language is not { } language) continue;
            if (!samples.TryGetValue(language, out var sample)) samples[language] = sample = new Sample();
            if (sample.Rows.Count < options.MaxDocuments) measures.Add(TextStructure.Of(document.Text), sample);
        }

        var enough = samples.Where(sample => sample.Value.Rows.Count >= options.MinDocuments).ToList();
        if (enough.Count == 0) throw new CoppiceException($"fineweb-2: no language has {options.MinDocuments} documents with text: give more text, or documents with their language.");
        double[] tails = options.Tail is { } tail ? [.. Rules.Select(_ => tail)] : TailsOf(samples.GetValueOrDefault(options.ReferenceLanguage), options);
        return new FineWebTwoThresholds(enough.ToDictionary(sample => sample.Key, sample => ThresholdsOf(sample.Value, tails, options)));
    }

    private static double[] TailsOf(Sample? reference, FineWebTwoCalibrationOptions options) =>
        reference is null || reference.Rows.Count < options.MinDocuments
            ? throw new CoppiceException($"fineweb-2: the reference language '{options.ReferenceLanguage}' has fewer than {options.MinDocuments} documents: give more of it, or a tail.")
            : [.. Rules.Select((rule, i) => reference.Rows.Count(row => rule.IsMaximum ? row[i] > rule.Usual : row[i] < rule.Usual) / (double)reference.Rows.Count)];

    private static LanguageThresholds ThresholdsOf(Sample sample, double[] tails, FineWebTwoCalibrationOptions options)
    {
        var values = Rules.Select((rule, i) => Cut([.. sample.Rows.Select(row => row[i])], tails[i], rule.IsMaximum)).ToArray();
        return new LanguageThresholds
        {
            Documents = sample.Rows.Count,
            MinMeanWordLength = values[0],
            MaxMeanWordLength = values[1],
            MinAlphabeticWords = values[2],
            MaxDuplicateLines = values[3],
            MaxTopNgrams = values[4..7],
            MaxDuplicateNgrams = values[7..13],
            MinPunctuatedLines = values[13],
            MaxNewlinesPerWord = values[14],
            StopWords = StopWordsOf(sample, options),
        };
    }

    /// <summary>The value that at most the tail's share of the documents is beyond, to three digits outwards.</summary>
    private static double Cut(double[] values, double tail, bool isMaximum)
    {
        Array.Sort(values);
        var beyond = Math.Min((int)(tail * values.Length), values.Length - 1);
        return isMaximum ? Math.Ceiling(values[^(beyond + 1)] * 1000) / 1000 : Math.Floor(values[beyond] * 1000) / 1000;
    }

    private static List<string> StopWordsOf(Sample sample, FineWebTwoCalibrationOptions options)
    {
        var ordered = sample.Words.OrderByDescending(word => word.Value).ThenBy(word => word.Key, StringComparer.Ordinal).ToList();
        var frequent = ordered.TakeWhile(word => word.Value >= options.StopWordFrequency * sample.WordCount).Count();
        return [.. ordered.Take(Math.Max(frequent, options.MinStopWords)).Select(word => word.Key)];
    }

    private sealed class Sample
    {
        public List<double[]> Rows { get; } = [];

        public Dictionary<string, long> Words { get; } = new(StringComparer.Ordinal);

        public long WordCount { get; set; }
    }

    private sealed class Measures
    {
        private const int ShortLine = 30;
        private readonly NgramRepetition _ngrams = new(RuleVariant.Datatrove);
        private readonly LineRepetition _lines = new(RuleVariant.Datatrove);
        private readonly HashCounter _seen = new();

        public void Add(TextStructure text, Sample sample)
        {
            var words = sample.Words.GetAlternateLookup<ReadOnlySpan<char>>();
            long length = 0;
            var alphabetic = 0;
            foreach (ref readonly var token in text.Tokens)
            {
                if (token.IsWord) length += token.CodePoints;
                if (!token.HasLetter) continue;
                alphabetic++;
                var word = text.Text.AsSpan(token.Start, token.Length);
                words[word] = words.TryGetValue(word, out var count) ? count + 1 : 1;
            }

            if (text.WordCount == 0) return;
            sample.WordCount += text.WordCount;
            _ngrams.Begin(text);
            var mean = (double)length / text.WordCount;
            var shape = LineShape.Of(text, ShortLine, _seen);
            sample.Rows.Add(
            [
                mean, mean, (double)alphabetic / text.Tokens.Length, _lines.OfLines(text).Elements,
                .. Enumerable.Range(2, 3).Select(_ngrams.TopNgram), .. Enumerable.Range(5, 6).Select(_ngrams.DuplicateNgrams), shape.Punctuated, shape.NewlinesPerWord,
            ]);
        }
    }
}
