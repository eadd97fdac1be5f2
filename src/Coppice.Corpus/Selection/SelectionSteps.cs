namespace Coppice.Corpus.Selection;

/// <summary>The steps of selection that recipes can name.</summary>
public static class SelectionSteps
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<StepDefinition> All { get; } =
    [
        StepDefinition.Of(
            "dsir",
            "draws documents like a target text, by importance resampling of hashed n-grams",
            "For a model of a domain: takes the part of a large corpus that is distributed like a small one. 10,000 buckets of words and pairs are the paper's; the draw keeps variety, which a threshold does not.",
            options => new Dsir(new DsirOptions
            {
                Target = options.Files("target"),
                Share = options.Number("share", 0.5, 0, 1),
                Buckets = options.Integer("buckets", 10_000, 16, 1 << 20),
                MinimumWords = options.Integer("min_words", 100, 0),
                EqualWords = options.Integer("equal_words", 128, 0, 1_000_000),
                Sample = options.Flag("sample", true),
                Seed = options.Seed(),
            })),
        StepDefinition.Of(
            "representative-subset",
            "keeps a part of the documents that represents the others (facility location in random partitions)",
            "INGENIOUS: a quarter of the text, chosen to cover the rest, trains nearly as well. Partitions of 1000 keep the cost linear.",
            options => new RepresentativeSubset(new RepresentativeSubsetOptions
            {
                Share = options.Number("share", 0.25, 0, 1),
                Partition = options.Integer("partition", 1000, 2, 10_000),
                Sample = options.Flag("sample", false),
                Error = options.Number("error", 0, 0, 0.9),
                Seed = options.Seed(),
            })),
        StepDefinition.Of(
            "diversify",
            "drops near duplicates in meaning and the most typical documents (SemDeDup and D4)",
            "Pages that say the same in other words. SemDeDup keeps 0.75, as in D4; then the 0.8 that are farthest from the centres of their clusters.",
            options => new Diversify(new DiversifyOptions
            {
                DedupShare = options.Number("dedup_share", 0.75, 0, 1),
                Similarity = options.NumberOrOff("similarity", null, -1, 1),
                PrototypeShare = options.Number("prototype_share", 0.8, 0, 1),
                Clusters = options.Integer("clusters", 0, 0, 100_000),
                Iterations = options.Integer("iterations", 20, 1, 1000),
                Seed = options.Seed(),
            })),
        StepDefinition.Of(
            "quality-pruning",
            "keeps the best share of the text by weighted line heuristics",
            "Each heuristic weighs as much as it lowers perplexity, measured on your text; the paper trained on 60 % of the text in its best case and lost nothing.",
            options => new QualityPruning(new QualityPruningOptions
            {
                Reference = options.Files("reference"),
                Share = options.Number("share", 0.6, 0, 1),
                Measured = options.Number("measured", 0.05, 0, 1),
            })),
        StepDefinition.Of(
            "keep-share",
            "keeps a share of the text by the score of an earlier step: high, low or middle, taken or drawn",
            "A share asks for no threshold. A temperature above 0 draws instead of cutting, as QuRating does, which keeps variety.",
            options => new KeepShare(
                options.Number("share", 0.5, 0, 1), options.Choice("prefer", ScorePreference.High), options.Number("temperature", 0, 0, 1000), options.Seed())),
        StepDefinition.Of(
            "score-threshold",
            "drops documents by the score of an earlier step",
            "Where the score has a meaning, such as a probability or bits per byte; else keep-share.",
            options => new ScoreThreshold(options.NumberOrOff("min", null), options.NumberOrOff("max", null))),
        StepDefinition.Of(
            "quality-weights",
            "trains more often on buckets of better scores",
            "Keeps the order of quality where a threshold only keeps a part: with five buckets the worst is left out, the best two come two and three times. Training repeats documents by their weights.",
            options => new QualityWeights(
                QualityWeights.Parse(options.Texts("weights", ["0", "1", "1", "2", "3"])), options.Flag("low_is_better", false))),
    ];
}
