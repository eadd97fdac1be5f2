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
    public MinimalPairEvaluator(LanguageModel model, ITokenizer tokenizer, int batchTokens = SequenceScorer.DefaultBatchTokens)
    {
        _encoder = new SequenceEncoder(tokenizer);
        _scorer = new SequenceScorer(model, batchTokens, (sentence, nats) => _nats[sentence] += nats);
    }

    /// <summary>Evaluates pairs.</summary>
    /// <param name="pairs">The pairs; see <see cref="MinimalPair.Read"/>.</param>
    /// <param name="cancellationToken">Ends it between two pairs.</param>
    /// <exception cref="CoppiceException">There is no pair, the tokenizer is not the model's, or the model's numbers are not finite.</exception>
    public MinimalPairEvaluation Evaluate(IReadOnlyList<MinimalPair> pairs, CancellationToken cancellationToken = default)
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
        var (phenomena, uids) = (new SortedDictionary<string, MinimalPairScore>(StringComparer.Ordinal), new SortedDictionary<string, MinimalPairScore>(StringComparer.Ordinal));
        var total = new MinimalPairScore(0, 0);
        for (var i = 0; i < pairs.Count; i++)
        {
            var correct = _nats[2 * i] < _nats[2 * i + 1];
            total = Count(total, correct);
            if (pairs[i].Phenomenon is { } phenomenon) phenomena[phenomenon] = Count(phenomena.GetValueOrDefault(phenomenon), correct);
            if (pairs[i].Uid is { } uid) uids[uid] = Count(uids.GetValueOrDefault(uid), correct);
        }

        return new MinimalPairEvaluation(total, phenomena, uids);
    }

    /// <inheritdoc/>
    public void Dispose() => _scorer.Dispose();

    private static MinimalPairScore Count(MinimalPairScore? score, bool correct) => new((score?.Pairs ?? 0) + 1, (score?.Correct ?? 0) + (correct ? 1 : 0));
}
