using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tokenizers;

namespace Coppice.Evaluation;

/// <summary>How well a model predicts one document.</summary>
/// <param name="Source">Where the document comes from.</param>
/// <param name="Tokens">Number of tokens that were predicted.</param>
/// <param name="Bytes">UTF-8 bytes of its text.</param>
/// <param name="Nats">-log p of all predicted tokens together, natural logarithm. An encoder is asked for a sample of them, which stands for all.</param>
public sealed record DocumentScore(string Source, long Tokens, long Bytes, double Nats)
{
    /// <summary>Bits for each byte of the text.</summary>
    public double BitsPerByte => Nats / (Bytes * Math.Log(2));
}

/// <summary>
/// Scores a model document by document, as <see cref="TextEvaluator"/> does in sum: what a comparison of two models is paired by. Bits per byte
/// of all together: <see cref="TextEvaluation.Of(IEnumerable{DocumentScore})"/>. An encoder is asked for tokens that are hidden in the text, a
/// detector (ELECTRA) which tokens were replaced at random, an encoder-decoder for spans that were taken out, all models of a
/// kind alike: bits per byte then mean something else than a decoder's, and are to be
/// compared with those of models of one kind alone.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class DocumentScorer : IDisposable
{
    private readonly ISequenceScorer _scorer;
    private readonly List<DocumentScore> _scores = [];
    private readonly List<(int Counted, int Candidates)> _samples = [];

    /// <summary>A scorer of a model.</summary>
    /// <param name="model">The model; it must outlive the scorer.</param>
    /// <param name="tokenizer">Its tokenizer, which an encoder needs: it says which tokens can be hidden.</param>
    /// <param name="batchTokens">Tokens of a packed batch: costs memory, changes no result.</param>
    /// <exception cref="CoppiceException">The model is an encoder whose tokenizer has no token that stands for a hidden one (for an encoder-decoder, for a hidden span).</exception>
    public DocumentScorer(LanguageModel model, Tokenizer? tokenizer = null, int batchTokens = PackedScorer.DefaultBatchTokens)
    {
        if (model.Configuration.IsCausal)
        {
            _scorer = new SequenceScorer(model, batchTokens, (document, nats) => _scores[document] = _scores[document] with { Nats = _scores[document].Nats + SequenceScorer.Sum(nats) });
            return;
        }

        ArgumentNullException.ThrowIfNull(tokenizer);
        _scorer = new EncoderScorer(model, MaskVocabulary.Of(tokenizer), batchTokens, (document, window) =>
        {
            _scores[document] = _scores[document] with { Nats = _scores[document].Nats + window.Nats };
            _samples[document] = (_samples[document].Counted + window.Counted, _samples[document].Candidates + window.Candidates);
        });
    }

    /// <summary>Scores documents, in one pass over them.</summary>
    /// <param name="documents">The documents; see <see cref="TokenSequences"/>.</param>
    /// <param name="cancellationToken">Ends it between two documents.</param>
    /// <returns>A score for each document, in their order.</returns>
    /// <exception cref="CoppiceException">A token is outside the model's vocabulary, or the model's numbers are not finite.</exception>
    public IReadOnlyList<DocumentScore> Score(IEnumerable<TokenSequence> documents, CancellationToken cancellationToken = default)
    {
        _scorer.Clear();
        _scores.Clear();
        _samples.Clear();
        foreach (var document in documents)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _scores.Add(new DocumentScore(document.Source, document.Predicted, document.Bytes, 0));
            _samples.Add((0, 0));
            _scorer.Add(_scores.Count - 1, document.Tokens.Span);
        }

        _scorer.Flush();
        return _scorer is EncoderScorer ? [.. _scores.Zip(_samples, OfSample)] : [.. _scores];
    }

    /// <inheritdoc/>
    public void Dispose() => _scorer.Dispose();

    private static DocumentScore OfSample(DocumentScore score, (int Counted, int Candidates) sample) => score with
    {
        Tokens = sample.Candidates,
        Nats = score.Nats * sample.Candidates / Math.Max(1, sample.Counted),
    };
}
