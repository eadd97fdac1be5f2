namespace Coppice.Corpus.Selection;

/// <summary>The steps of selection that recipes can name.</summary>
public static class SelectionSteps
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<StepDefinition> All { get; } =
    [
        new("dsir", "Draw documents like a target text, by importance resampling of hashed n-grams", options => new Dsir(new DsirOptions
        {
            Target = options.Files("target"),
            Share = options.Number("share", 0.5, 0, 1),
            Buckets = options.Integer("buckets", 10_000, 16, 1 << 20),
            MinimumWords = options.Integer("min_words", 100, 0),
            EqualWords = options.Integer("equal_words", 128, 0, 1_000_000),
            Sample = options.Flag("sample", true),
            Seed = options.Seed(),
        })),
        new("representative-subset", "Keep a part of the documents that represents the others (facility location in random partitions)", options => new RepresentativeSubset(new RepresentativeSubsetOptions
        {
            Share = options.Number("share", 0.25, 0, 1),
            Partition = options.Integer("partition", 1000, 2, 10_000),
            Sample = options.Flag("sample", false),
            Error = options.Number("error", 0, 0, 0.9),
            Seed = options.Seed(),
        })),
        new("diversify", "Drop near-duplicates in meaning and the most typical documents (SemDeDup and D4)", options => new Diversify(new DiversifyOptions
        {
            DedupShare = options.Number("dedup_share", 0.75, 0, 1),
            Similarity = options.NumberOrOff("similarity", null, -1, 1),
            PrototypeShare = options.Number("prototype_share", 0.8, 0, 1),
            Clusters = options.Integer("clusters", 0, 0, 100_000),
            Iterations = options.Integer("iterations", 20, 1, 1000),
            Seed = options.Seed(),
        })),
        new("quality-pruning", "Keep the best share of the text by weighted line heuristics", options => new QualityPruning(new QualityPruningOptions
        {
            Reference = options.Files("reference"),
            Share = options.Number("share", 0.6, 0, 1),
            Measured = options.Number("measured", 0.05, 0, 1),
        })),
        new("keep-share", "Keep a share of the text by the score of an earlier step: high, low or middle, taken or drawn", options => new KeepShare(
            options.Number("share", 0.5, 0, 1), options.Choice("prefer", ScorePreference.High), options.Number("temperature", 0, 0, 1000), options.Seed())),
        new("score-threshold", "Drop documents by the score of an earlier step", options => new ScoreThreshold(options.NumberOrOff("min", null), options.NumberOrOff("max", null))),
        new("quality-weights", "Train more often on buckets of better scores", options => new QualityWeights(
            QualityWeights.Parse(options.Texts("weights", ["0", "1", "1", "2", "3"])), options.Flag("low_is_better", false))),
    ];
}
