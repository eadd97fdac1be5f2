using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tokenizers;

namespace Coppice.Evaluation;

/// <summary>
/// Accuracy on minimal pairs: a pair is correct where log p(good) &gt; log p(bad), each the sum over the sentence's tokens from the tokenizer's
/// begin-of-text token on. Without such a token, the first token of a sentence is given and not scored.
/// </summary>
[Technique("blimp", Title = "BLiMP: The Benchmark of Linguistic Minimal Pairs for English", Paper = "arXiv:1912.00582")]
public sealed class MinimalPairEvaluator : IDisposable
{
    private readonly SequenceEncoder _encoder;
    private readonly SequenceScorer _scorer;
    private double[] _nats = [];

    /// <summary>An evaluator of a model.</summary>
    /// <param name="model">The model; it must outlive the evaluator.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="batchTokens">Tokens of a packed batch: costs memory, changes no result.</param>
    public MinimalPairEvaluator(LanguageModel model, ITokenizer tokenizer, int batchTokens = PackedScorer.DefaultBatchTokens)
    {
        _encoder = new SequenceEncoder(tokenizer);
        _scorer = new SequenceScorer(model, batchTokens, (sentence, nats) => _nats[sentence] += SequenceScorer.Sum(nats));
    }

    /// <summary>Evaluates pairs.</summary>
    /// <param name="pairs">The pairs; see <see cref="MinimalPair.Read"/>.</param>
    /// <param name="cancellationToken">Ends it between two pairs.</param>
    /// <exception cref="CoppiceException">There is no pair, the tokenizer is not the model's, or the model's numbers are not finite.</exception>
    public MinimalPairEvaluation Evaluate(IReadOnlyList<MinimalPair> pairs, CancellationToken cancellationToken = default) =>
        MinimalPairEvaluation.Of(pairs, Judge(pairs, cancellationToken));

    /// <summary>Judges pairs one by one, for comparing two models pair by pair (<see cref="Flips"/>).</summary>
    /// <param name="pairs">The pairs.</param>
    /// <param name="cancellationToken">Ends it between two pairs.</param>
    /// <returns>For each pair, whether the acceptable sentence is the more probable one.</returns>
    /// <exception cref="CoppiceException">There is no pair, the tokenizer is not the model's, or the model's numbers are not finite.</exception>
    public IReadOnlyList<bool> Judge(IReadOnlyList<MinimalPair> pairs, CancellationToken cancellationToken = default)
    {
        if (pairs.Count == 0) throw new CoppiceException("There is no minimal pair to evaluate.");
        _scorer.Clear();
        _nats = new double[2 * pairs.Count];
        for (var i = 0; i < pairs.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _scorer.Add(2 * i, _encoder.Encode(pairs[i].Good));
            _scorer.Add(2 * i + 1, _encoder.Encode(pairs[i].Bad));
        }

        _scorer.Flush();
        return [.. pairs.Select((_, i) => _nats[2 * i] < _nats[2 * i + 1])];
    }

    /// <inheritdoc/>
    public void Dispose() => _scorer.Dispose();
}
