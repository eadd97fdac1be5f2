using System.Buffers;
using Coppice.Foundation;

namespace Coppice.Corpus.Selection;

/// <summary>
/// Sorts documents by the score that an earlier step gave them into buckets of equal text, and says how often training should see each bucket: quality-aware up-sampling, which keeps
/// the rank of quality where a threshold only keeps a part (Olmo 3 repeats its best web text several times and leaves out the worst). A weight of 0 drops the bucket.
/// </summary>
/// <param name="weights">The weight of each bucket, the one with the lowest scores first; at least one is above 0.</param>
/// <param name="lowIsBetter">Whether low scores are the better ones, as with perplexity: then the first bucket has the highest.</param>
[Technique("quality-up-sampling", Title = "Olmo 3", Paper = "arXiv:2512.13961")]
public sealed class QualityWeights(IReadOnlyList<double> weights, bool lowIsBetter = false) : ICorpusStep
{
    /// <inheritdoc/>
    public string Name => "quality-weights";

    /// <inheritdoc/>
    public string SketchVersion => "nothing 1";

    /// <inheritdoc/>
    public Action<Document, IBufferWriter<byte>> BeginSketching() => (_, _) => { };

    /// <inheritdoc/>
    public void Decide(ISketchedCorpus corpus, IDecisions decisions, CancellationToken cancellation)
    {
        var scored = ScoredDocuments.Read(corpus, Name, cancellation);
        var all = scored.Lengths.Sum(length => (double)length);
        var before = 0.0;
        foreach (var i in Enumerable.Range(0, scored.Indices.Count).OrderBy(i => lowIsBetter ? -scored.Scores[i] : scored.Scores[i]))
        {
            // A document belongs where its middle lies.
            var bucket = (int)Math.Min(weights.Count - 1, weights.Count * (before + scored.Lengths[i] / 2.0) / Math.Max(1, all));
            before += scored.Lengths[i];
            if (weights[bucket] > 0) decisions.Weigh(scored.Indices[i], weights[bucket]);
            else decisions.Drop(scored.Indices[i], "in a bucket of scores without weight", new Measurement("bucket", bucket + 1, weights.TakeWhile(weight => weight <= 0).Count() + 1));
        }
    }

    /// <inheritdoc/>
    public StepResult Apply(Document document, ReadOnlySpan<byte> edit) => StepResult.Keep(document);

    /// <summary>Reads weights.</summary>
    /// <param name="texts">A number each.</param>
    /// <exception cref="CoppiceException">There is none, one is no number from 0 to 1000, or none is above 0.</exception>
    internal static double[] Parse(IReadOnlyList<string> texts)
    {
        double[] weights = [.. texts.Select(text => double.TryParse(text, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out var weight) && weight is >= 0 and <= 1000
            ? weight
            : throw CoppiceException.Usage($"quality-weights: weights must be numbers from 0 to 1000, not '{text}'"))];
        return weights.Any(weight => weight > 0) ? weights : throw CoppiceException.Usage("quality-weights: weights must be a list of numbers of which one is above 0");
    }
}
