using System.Text;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tokenizers;

namespace Coppice.Evaluation;

/// <summary>
/// Loss, perplexity and bits per byte of a model on texts. Each text is predicted from the tokenizer's begin-of-text token on; the end-of-text
/// token is not counted, and nothing is trimmed. A tokenizer without a begin-of-text token leaves the first token of a text without a prediction:
/// its nats are then not counted though its bytes are. A text longer than the model's context is cut into windows, each of which begins with the
/// last token of the one before, so that every token is counted once.
/// </summary>
/// <remarks>Characters that a tokenizer leaves out (see its training) count as bytes without nats: bits per byte are then too low.</remarks>
public sealed class TextEvaluator : IDisposable
{
    private readonly SequenceEncoder _encoder;
    private readonly SequenceScorer _scorer;
    private readonly List<Sums> _sums = [];

    /// <summary>An evaluator of a model.</summary>
    /// <param name="model">The model; it must outlive the evaluator.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="batchTokens">Tokens of a packed batch: costs memory, changes no result.</param>
    public TextEvaluator(LanguageModel model, ITokenizer tokenizer, int batchTokens = PackedScorer.DefaultBatchTokens)
    {
        _encoder = new SequenceEncoder(tokenizer);
        _scorer = new SequenceScorer(model, batchTokens, (source, nats) => _sums[source].Nats += SequenceScorer.Sum(nats));
    }

    /// <summary>Evaluates texts, in one pass over them.</summary>
    /// <param name="documents">The texts.</param>
    /// <param name="cancellationToken">Ends it between two documents.</param>
    /// <exception cref="CoppiceException">There is no token to predict, the tokenizer is not the model's, or the model's numbers are not finite.</exception>
    public TextEvaluation Evaluate(IEnumerable<Document> documents, CancellationToken cancellationToken = default)
    {
        var sources = new SortedDictionary<string, int>(StringComparer.Ordinal);
        _sums.Clear();
        _scorer.Clear();
        foreach (var document in documents)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!sources.TryGetValue(document.Source, out var source))
            {
                sources[document.Source] = source = _sums.Count;
                _sums.Add(new Sums());
            }

            var sequence = _encoder.Encode(document.Text);
            var sums = _sums[source];
            sums.Documents++;
            sums.Tokens += Math.Max(0, sequence.Length - 1);
            sums.Bytes += Encoding.UTF8.GetByteCount(document.Text);
            _scorer.Add(source, sequence);
        }

        _scorer.Flush();
        var scores = new SortedDictionary<string, TextScore>(StringComparer.Ordinal);
        foreach (var (name, source) in sources) scores[name] = _sums[source].ToScore();
        return TextEvaluation.Of(scores);
    }

    /// <inheritdoc/>
    public void Dispose() => _scorer.Dispose();

    private sealed class Sums
    {
        public long Documents { get; set; }

        public long Tokens { get; set; }

        public long Bytes { get; set; }

        public double Nats { get; set; }

        public TextScore ToScore() => new(Documents, Tokens, Bytes, Nats);
    }
}
