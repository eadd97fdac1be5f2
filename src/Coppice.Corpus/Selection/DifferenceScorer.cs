using Coppice.Foundation;

namespace Coppice.Corpus.Selection;

/// <summary>
/// MiniPLM's difference sampling: documents that a larger model finds much easier than a smaller one are kept first. Both losses high is noise, both low is trivia. Score = loss of the
/// teacher − loss of the reference, in the same unit (nats a token of one tokenizer, or a byte): the lower, the rather kept, as with every scorer. The reference must not have been trained
/// on the documents: what it remembers looks easy. The paper keeps the first half.
/// </summary>
/// <param name="teacher">Losses of the larger model.</param>
/// <param name="reference">Losses of the smaller one.</param>
[Technique("difference-sampling", Title = "MiniPLM: Knowledge Distillation for Pre-Training Language Models", Paper = "arXiv:2410.17215")]
public sealed class DifferenceScorer(IDocumentScorer teacher, IDocumentScorer reference) : IDocumentScorer
{
    /// <inheritdoc/>
    public double[] Score(TokenStore store, CancellationToken cancellation = default) => Differences(teacher.Score(store, cancellation), reference.Score(store, cancellation));

    /// <summary>The differences of losses that are known.</summary>
    /// <param name="teacher">[documents]; infinite for a document without text.</param>
    /// <param name="reference">[documents].</param>
    /// <returns>[documents]; infinite for a document without text.</returns>
    public static double[] Differences(IReadOnlyList<double> teacher, IReadOnlyList<double> reference)
    {
        if (teacher.Count != reference.Count) throw new ArgumentException($"{teacher.Count} losses of one model and {reference.Count} of the other.", nameof(reference));
        return [.. teacher.Zip(reference, (large, small) => double.IsFinite(large) && double.IsFinite(small) ? large - small : double.PositiveInfinity)];
    }
}
