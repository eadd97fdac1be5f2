using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Corpus.Deduplication;

/// <summary>The steps of deduplication as recipes name them.</summary>
public static class DeduplicationSteps
{
    private const int Most = int.MaxValue;

    /// <summary>All of them.</summary>
    public static IReadOnlyList<StepDefinition> All { get; } =
    [
        StepDefinition.Of(
            "exact-documents",
            "drops documents with the text of another; choice of the copy that stays",
            "Copies waste training and are recited. normalized also finds copies that differ in case, punctuation and spaces.",
            ExactDocuments),
        StepDefinition.Of(
            "exact-paragraphs",
            "takes out paragraphs that stand in another document, all over the corpus",
            "CCNet's step: terms of use, licence headers and signatures, once instead of a thousand times. From 50 characters on: shorter ones are often repeated with reason.",
            options => ExactPieces(options, TextUnit.Paragraph)),
        StepDefinition.Of(
            "exact-lines",
            "takes out lines that stand in another document, all over the corpus",
            "As exact-paragraphs, for text whose paragraphs are lines, such as newsletters and extracted pages.",
            options => ExactPieces(options, TextUnit.Line)),
        StepDefinition.Of(
            "exact-substring",
            "takes out passages that stand elsewhere character by character (ExactSubstr, one copy kept)",
            "Finds copies that begin and end anywhere: quotations, chapters, generated text. 200 characters are about the paper's 50 tokens. Whatever the size of the corpus, it is done in parts that fit the memory.",
            ExactSubstring),
        StepDefinition.Of(
            "minhash",
            "drops near duplicates, up to about a tenth of the words changed (MinHash-LSH, confirmed)",
            "Versions of one text. Three words and 28 bands of 4 find 99 of 100 copies with a tenth of the words changed, which FineWeb's 14 x 8 on five words finds 45 of; pairs are confirmed, so that none is dropped by chance.",
            options => MinHash(options, new MinHashOptions())),
        StepDefinition.Of(
            "minhash-fineweb",
            "drops near duplicates as FineWeb does (MinHash-LSH, 5 words, 14 x 8)",
            "For results that can be compared with FineWeb's: pairs of a Jaccard similarity of about 0.75 and more, not confirmed, the first copy stays.",
            options => MinHash(options, MinHashOptions.FineWeb)),
        StepDefinition.Of(
            "bloom-paragraphs",
            "takes out paragraphs seen before, in fixed memory (Dolma)",
            "exact-paragraphs for more text than memory: a Bloom filter of fixed size, at the price of one paragraph in ten thousand taken out for nothing.",
            options => BloomPieces(options, TextUnit.Paragraph)),
        StepDefinition.Of(
            "bloom-lines",
            "takes out lines seen before, in fixed memory (Dolma)",
            "exact-lines for more text than memory, at the price of one line in ten thousand taken out for nothing.",
            options => BloomPieces(options, TextUnit.Line)),
        StepDefinition.Of(
            "copies-weight",
            "weighs documents by how many copies of them there were (FineWeb-2's rehydration)",
            "What a few people copied tends to be worth reading more than what nobody did, and what thousands copied is boilerplate. The weights are those published for Italian, the one table there is; training repeats documents by them.",
            CopiesWeight),
    ];

    private static ExactDocuments ExactDocuments(StepOptions options) =>
        new(options.Choice("keep", KeepPolicy.First), options.Flag("normalized", false));

    private static ExactPieces ExactPieces(StepOptions options, TextUnit unit) =>
        new(Pieces(options, unit), options.Choice("keep", KeepPolicy.First), options.Number("drop_at", 1, 0.01, 1));

    private static SubstringDuplicates ExactSubstring(StepOptions options) =>
        new(options.Integer("length", 200, 8, 1_000_000), options.Choice("keep", "first", ["first", "none"]) == "first", options.Number("drop_at", 1, 0.01, 1));

    private static MinHashDuplicates MinHash(StepOptions options, MinHashOptions defaults) => new(new MinHashOptions
    {
        Shingling = new Shingling(
            options.Choice("shingle_unit", defaults.Shingling.Unit),
            options.Integer("shingle_size", defaults.Shingling.Size, 1, Shingling.MaximumSize),
            options.Flag("compare_short", defaults.Shingling.WholeIfShorter)),
        Bands = new LshBands(options.Integer("bands", defaults.Bands.Bands, 1, 1000), options.Integer("rows", defaults.Bands.Rows, 1, 100)),
        Verify = options.Choice("verify", defaults.Verify),
        Threshold = options.Number("threshold", defaults.Threshold, 0, 1),
        Keep = options.Choice("keep", defaults.Keep),
        Seed = options.Seed(byDefault: defaults.Seed),
    });

    private static BloomPieces BloomPieces(StepOptions options, TextUnit unit)
    {
        var pieces = Pieces(options, unit);
        var capacity = options.Integer(unit == TextUnit.Line ? "expected_lines" : "expected_paragraphs", 10_000_000, 1, Most);
        var rate = options.Number("false_positive_rate", 0.0001, 1e-12, 0.5);
        var memory = options.Integer("memory_mib", 1024, 1, Most);
        return new BloomPieces(pieces, capacity, rate, memory * 1048576L, options.Number("drop_at", 1, 0.01, 1));
    }

    private static CopiesWeight CopiesWeight(StepOptions options)
    {
        var defaults = Deduplication.CopiesWeight.Italian.Select(weight => string.Create(CultureInfo.InvariantCulture, $"{weight.Copies}={weight.Weight}"));
        return new CopiesWeight([.. options.Texts("weights", [.. defaults]).Select(ParseWeight)]);
    }

    private static TextPieces Pieces(StepOptions options, TextUnit unit) =>
        new(unit, options.Integer("minimum_length", 50, 1, Most), options.Flag("normalized", false));

    private static (long Copies, double Weight) ParseWeight(string text)
    {
        var parts = text.Split('=');
        return parts.Length == 2
            && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var copies)
            && double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var weight)
            && weight is > 0 and <= WeightedDocuments.LargestWeight
            ? (copies, weight)
            : throw CoppiceException.Usage($"copies-weight: weights must be like 2=3 (from 2 copies on, weight 3), not '{text}'");
    }
}
