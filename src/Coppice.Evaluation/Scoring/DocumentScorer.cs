using Coppice.Foundation;
using Coppice.Models;

namespace Coppice.Evaluation;

/// <summary>How well a model predicts one document.</summary>
/// <param name="Source">Where the document comes from.</param>
/// <param name="Tokens">Number of tokens that were predicted.</param>
/// <param name="Bytes">UTF-8 bytes of its text.</param>
/// <param name="Nats">-log p of all predicted tokens together, natural logarithm.</param>
public sealed record DocumentScore(string Source, long Tokens, long Bytes, double Nats);

/// <summary>
/// Scores a model document by document, as <see cref="TextEvaluator"/> does in sum: what a comparison of two models is paired by. Bits per byte
/// of all together: <see cref="TextEvaluation.Of(IEnumerable{DocumentScore})"/>.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class DocumentScorer : IDisposable
{
    private readonly SequenceScorer _scorer;
    private readonly List<DocumentScore> _scores = [];

    /// <summary>A scorer of a model.</summary>
    /// <param name="model">The model; it must outlive the scorer.</param>
    /// <param name="batchTokens">Tokens of a packed batch: costs memory, changes no result.</param>
    public DocumentScorer(LanguageModel model, int batchTokens = PackedScorer.DefaultBatchTokens) =>
        _scorer = new SequenceScorer(model, batchTokens, (document, nats) => _scores[document] = _scores[document] with { Nats = _scores[document].Nats + SequenceScorer.Sum(nats) });

    /// <summary>Scores documents, in one pass over them.</summary>
    /// <param name="documents">The documents; see <see cref="TokenSequences"/>.</param>
    /// <param name="cancellationToken">Ends it between two documents.</param>
    /// <returns>A score for each document, in their order.</returns>
    /// <exception cref="CoppiceException">A token is outside the model's vocabulary, or the model's numbers are not finite.</exception>
    public IReadOnlyList<DocumentScore> Score(IEnumerable<TokenSequence> documents, CancellationToken cancellationToken = default)
    {
        _scorer.Clear();
        _scores.Clear();
        foreach (var document in documents)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _scores.Add(new DocumentScore(document.Source, document.Predicted, document.Bytes, 0));
            _scorer.Add(_scores.Count - 1, document.Tokens.Span);
        }

        _scorer.Flush();
        return [.. _scores];
    }

    /// <inheritdoc/>
    public void Dispose() => _scorer.Dispose();
}
