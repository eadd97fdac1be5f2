using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Corpus.Deduplication;

/// <summary>
/// Takes lines or paragraphs out of documents that were seen before, by a Bloom filter of a size that is fixed beforehand, as Dolma does: for corpora whose sketches
/// would be too large for <see cref="ExactPieces"/>. At the rate that is given, a piece is taken for a copy which is none.
/// </summary>
/// <remarks>
/// The first copy stays. Documents pass one by one, in order. A filter that is full goes on finding copies of what it holds and remembers nothing new, which the
/// measurement <c>bloom filter load</c> of kept documents shows: it errs no more often than was asked for, and misses copies instead.
/// </remarks>
[Technique("bloom-deduplication", Title = "Dolma: an Open Corpus of Three Trillion Tokens for Language Model Pretraining Research", Paper = "arXiv:2402.00159")]
public sealed class BloomPieces : IDocumentStep
{
    private readonly TextPieces _pieces;
    private readonly PieceEditor _editor;
    private readonly long _capacity;
    private readonly double _rate;

    /// <summary>Plans the filter; it is allocated when a pass begins.</summary>
    /// <param name="pieces">What is compared.</param>
    /// <param name="capacity">How many different pieces are expected.</param>
    /// <param name="falsePositiveRate">The share of new pieces that may be taken for copies.</param>
    /// <param name="memoryLimit">Bytes that the filter may take.</param>
    /// <param name="dropAt">The share of a document's text in repeated pieces from which the whole document goes; 1 for only where nothing is left.</param>
    /// <exception cref="CoppiceException">The filter would take more than the limit: the message says how much.</exception>
    public BloomPieces(TextPieces pieces, long capacity, double falsePositiveRate, long memoryLimit, double dropAt = 1)
    {
        var bytes = BloomFilter.BytesFor(capacity, falsePositiveRate);
        if (bytes > memoryLimit)
        {
            throw CoppiceException.Usage(string.Create(
                CultureInfo.InvariantCulture,
                $"A Bloom filter for {capacity} pieces with a false-positive rate of {falsePositiveRate} takes {bytes / 1048576.0:F1} MiB, "
                + $"and {memoryLimit / 1048576.0:F1} MiB are allowed: allow more, expect fewer pieces, or accept a higher rate"));
        }

        _pieces = pieces;
        _editor = new PieceEditor(pieces, dropAt);
        _capacity = capacity;
        _rate = falsePositiveRate;
    }

    /// <inheritdoc/>
    public string Name => _pieces.Unit == TextUnit.Line ? "bloom-lines" : "bloom-paragraphs";

    /// <inheritdoc/>
    public bool IsOrdered => true;

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin()
    {
        var filter = new BloomFilter(_capacity, _rate);
        return document =>
        {
            var result = _editor.Edit(document, filter.Add);
            return ReferenceEquals(result.Document, document)
                ? StepResult.Keep(document, new Measurement("bloom filter load", (double)filter.Count / filter.Capacity, 1))
                : result;
        };
    }
}
