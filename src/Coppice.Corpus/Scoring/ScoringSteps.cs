using Coppice.Foundation;

namespace Coppice.Corpus.Scoring;

/// <summary>The steps that score documents with models, as recipes name them.</summary>
public static class ScoringSteps
{
    /// <summary>The steps.</summary>
    public static IReadOnlyList<StepDefinition> All { get; } =
    [
        StepDefinition.Of(
            "classifier",
            "scores documents by a text classifier, trained or read from a file; drops those below a minimum",
            "The filter that helped DCLM most: hashed words and pairs, one linear layer, as fastText. Positive examples are texts you would like more of, negative ones a sample of what you have.",
            options => ClassifierStep.FromFiles(
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
        StepDefinition.Of(
            "perplexity",
            "scores documents by their perplexity under an n-gram model of reference text; drops what lies outside bounds",
            "Low is like the reference; much lower than the reference itself is repetition. No bounds by default, for they depend on the reference: score first, look at the report, or let keep-share choose.",
            options => PerplexityStep.FromFiles(
                options.Files("reference"), Model(options), options.NumberOrOff("min", null, 1), options.NumberOrOff("max", null, 1))),
        StepDefinition.Of(
            "perplexity-buckets",
            "keeps the head, middle or tail of each language by perplexity under a model of good text (CCNet)",
            "Bounds that follow the text: 30 % and 60 % of the documents of each language, so that no language is cut for being hard.",
            options =>
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
        StepDefinition.Of(
            "inverted-perplexity",
            "drops what an n-gram model of unwanted text does not find surprising",
            "Perplexed by Quality: a model of the bad is easier to make than one of all that is good. It drops what 95 % of the unwanted text looks like.",
            options =>
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
