using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tokenizers;

namespace Coppice.Evaluation;

/// <summary>A language model's loss on each document, in nats a UTF-8 byte: what documents are chosen by where a model is at hand.</summary>
/// <param name="model">The model.</param>
/// <param name="tokenizer">Its tokenizer, which the store was made with.</param>
public sealed class ModelLossScorer(LanguageModel model, ITokenizer tokenizer) : IDocumentScorer
{
    /// <inheritdoc/>
    public double[] Score(TokenStore store, CancellationToken cancellation = default)
    {
        using var scorer = new DocumentScorer(model, tokenizer as Tokenizer);
        return [.. scorer.Score(TokenSequences.Of(store, tokenizer), cancellation).Select(score => score.Bytes > 0 ? score.Nats / score.Bytes : double.PositiveInfinity)];
    }
}
