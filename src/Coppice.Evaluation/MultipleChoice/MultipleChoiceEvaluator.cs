using System.Text;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tokenizers;

namespace Coppice.Evaluation;

/// <summary>
/// Chooses the answer with the highest log-probability given the prompt, divided by the answer's UTF-8 bytes, so that long answers and fine
/// tokenizers are at no disadvantage.
/// </summary>
/// <remarks>
/// Prompt and answer are encoded together. Where a token spans both, it counts as the answer's: the prompt is what both encodings begin with.
/// </remarks>
public sealed class MultipleChoiceEvaluator : IDisposable
{
    private readonly ITokenizer _tokenizer;
    private readonly SequenceScorer _scorer;
    private readonly List<Sums> _sums = [];

    /// <summary>An evaluator of a model.</summary>
    /// <param name="model">The model; it must outlive the evaluator.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="batchTokens">Tokens of a packed batch: costs memory, changes no result.</param>
    public MultipleChoiceEvaluator(LanguageModel model, ITokenizer tokenizer, int batchTokens = PackedScorer.DefaultBatchTokens)
    {
        _tokenizer = tokenizer;
        _scorer = new SequenceScorer(model, batchTokens, (answer, nats) => _sums[answer].Add(nats));
    }

    /// <summary>Chooses. Of equal answers the first is chosen, or they would flip at random between two models.</summary>
    /// <param name="items">The questions.</param>
    /// <param name="cancellationToken">Ends it between two questions.</param>
    /// <returns>The index of the chosen answer of each question.</returns>
    /// <exception cref="CoppiceException">There is no question, the tokenizer is not the model's, or the model's numbers are not finite.</exception>
    public IReadOnlyList<int> Choose(IReadOnlyList<MultipleChoiceItem> items, CancellationToken cancellationToken = default)
    {
        if (items.Count == 0) throw new CoppiceException("There is no question to evaluate.");
        _scorer.Clear();
        _sums.Clear();
        var (prompts, answers) = (new SequenceEncoder(_tokenizer), new SequenceEncoder(_tokenizer));
        foreach (var item in items)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var prompt = prompts.Encode(item.Prompt);
            foreach (var choice in item.Choices)
            {
                var sequence = answers.Encode(item.Prompt + choice);
                // The first token of a sequence is given in any case.
                var predictedOfPrompt = Math.Max(0, sequence.CommonPrefixLength(prompt) - 1);
                _sums.Add(new Sums(predictedOfPrompt, Encoding.UTF8.GetByteCount(choice)));
                _scorer.Add(_sums.Count - 1, sequence);
            }
        }

        _scorer.Flush();
        var first = 0;
        return [.. items.Select(item =>
        {
            var best = 0;
            for (var i = 1; i < item.Choices.Count; i++)
            {
                if (_sums[first + i].Score > _sums[first + best].Score) best = i;
            }

            first += item.Choices.Count;
            return best;
        })];
    }

    /// <inheritdoc/>
    public void Dispose() => _scorer.Dispose();

    /// <summary>-log p of an answer, without that of the prompt before it.</summary>
    private sealed class Sums(int predictedOfPrompt, int bytes)
    {
        private int _skip = predictedOfPrompt;
        private int _tokens;
        private double _nats;

        /// <summary>An answer without a token of its own, of characters that the tokenizer leaves out, is never preferred.</summary>
        public double Score => _tokens > 0 ? -_nats / bytes : double.NegativeInfinity;

        public void Add(ReadOnlySpan<float> window)
        {
            var skipped = Math.Min(_skip, window.Length);
            _skip -= skipped;
            _tokens += window.Length - skipped;
            _nats += SequenceScorer.Sum(window[skipped..]);
        }
    }
}
