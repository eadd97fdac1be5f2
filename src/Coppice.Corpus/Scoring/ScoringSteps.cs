using Coppice.Foundation;

namespace Coppice.Corpus.Scoring;

/// <summary>The steps that score documents with models, as recipes name them.</summary>
public static class ScoringSteps
{
    /// <summary>The steps.</summary>
    public static IReadOnlyList<StepDefinition> All { get; } =
    [
        new("classifier", "Scores documents by a text classifier, trained or read from a file; drops those below a minimum.", options => ClassifierStep.FromFiles(
            options.OptionalFile("model"),
            options.Files("positive"),
            options.Files("negative"),
            new()
            {
                BucketBits = options.Integer("bucket_bits", new TextClassifierOptions().BucketBits, TextClassifier.LeastBucketBits, TextClassifier.MostBucketBits),
                WordNgrams = options.Integer("word_ngrams", new TextClassifierOptions().WordNgrams, 1, TextClassifier.MostWordNgrams),
                Epochs = options.Integer("epochs", new TextClassifierOptions().Epochs, 1, 1000),
                LearningRate = options.Number("learning_rate", new TextClassifierOptions().LearningRate, 1e-6, 100),
            },
            options.NumberOrOff("min_score", ClassifierStep.DefaultMinimum, 0, 1))),
        new("perplexity", "Scores documents by their perplexity under an n-gram model of reference text; drops what lies outside bounds.", options => PerplexityStep.FromFiles(
            options.Files("reference"), Model(options), options.NumberOrOff("min", null, 1), options.NumberOrOff("max", null, 1))),
        new("perplexity-buckets", "Keeps the head, middle or tail of each language by perplexity under a model of good text (CCNet).", options =>
        {
            var byDefault = new PerplexityBucketsOptions { Reference = [] };
            return new PerplexityBuckets(new()
            {
                Reference = options.Files("reference"),
                Keep = Buckets(options.Texts("keep", [.. byDefault.Keep.Select(NameOf)])),
                Head = options.Number("head", byDefault.Head, 0, 1),
                Middle = options.Number("middle", byDefault.Middle, 0, 1),
                Model = Model(options),
            });
        }),
        new("inverted-perplexity", "Drops what an n-gram model of unwanted text does not find surprising.", options =>
        {
            var byDefault = new InvertedPerplexityOptions { Unwanted = [] };
            return new InvertedPerplexity(new()
            {
                Unwanted = options.Files("unwanted"),
                Caught = options.Number("caught", byDefault.Caught, 0, 1),
                MinimumPerplexity = options.NumberOrOff("min_perplexity", byDefault.MinimumPerplexity, 1),
                MinimumWords = options.Integer("min_words", byDefault.MinimumWords, 0),
                Model = Model(options),
            });
        }),
    ];

    private static TextNgramOptions Model(StepOptions options) => new()
    {
        Order = options.Integer("order", new TextNgramOptions().Order, 1, KneserNeyCounts.LongestOrder),
        MaximumWords = options.Integer("max_words", (int)new TextNgramOptions().MaximumWords, 1),
    };

    private static PerplexityBucket[] Buckets(IReadOnlyList<string> names)
    {
        string[] known = [.. Enum.GetValues<PerplexityBucket>().Select(NameOf)];
        if (names.FirstOrDefault(name => !known.Contains(name)) is { } unknown)
            throw CoppiceException.Usage($"perplexity-buckets: there is no bucket '{unknown}'{NearestName.Hint(unknown, known)}; buckets are {string.Join(", ", known)}");
        return [.. names.Select(name => (PerplexityBucket)Array.IndexOf(known, name))];
    }

    private static string NameOf(PerplexityBucket bucket) => bucket.ToString().ToLowerInvariant();
}
