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
        new("exact-documents", "drops documents with the text of another; choice of the copy that stays", ExactDocuments),
        new("exact-paragraphs", "takes out paragraphs that stand in another document, all over the corpus", options => ExactPieces(options, TextUnit.Paragraph)),
        new("exact-lines", "takes out lines that stand in another document, all over the corpus", options => ExactPieces(options, TextUnit.Line)),
        new("exact-substring", "takes out passages that stand elsewhere character by character (ExactSubstr, one copy kept)", ExactSubstring),
        new("minhash", "drops near duplicates, up to about a tenth of the words changed (MinHash-LSH, confirmed)", options => MinHash(options, new MinHashOptions())),
        new("minhash-fineweb", "drops near duplicates as FineWeb does (MinHash-LSH, 5 words, 14 x 8)", options => MinHash(options, MinHashOptions.FineWeb)),
        new("bloom-paragraphs", "takes out paragraphs seen before, in fixed memory (Dolma)", options => BloomPieces(options, TextUnit.Paragraph)),
        new("bloom-lines", "takes out lines seen before, in fixed memory (Dolma)", options => BloomPieces(options, TextUnit.Line)),
        new("copies-weight", "weighs documents by how many copies of them there were (FineWeb-2's rehydration)", CopiesWeight),
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
            && double.IsFinite(weight) && weight > 0
            ? (copies, weight)
            : throw CoppiceException.Usage($"copies-weight: weights must be like 2=3 (from 2 copies on, weight 3), not '{text}'");
    }
}
