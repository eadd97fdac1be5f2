using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Evaluation;

/// <summary>
/// Scores every token of sequences with the whole distribution at hand. Slower than <see cref="DocumentScorer"/>, for each row of logits is
/// looked at; a chunk of rows exists at a time. Windows are those of <see cref="TextEvaluator"/>.
/// </summary>
/// <remarks>Not thread-safe: one enumeration at a time.</remarks>
public sealed class TokenScorer : IDisposable
{
    private readonly RowScorer _scorer;
    private readonly int _batchTokens;
    private List<List<TokenScore>> _scores = [];

    /// <summary>A scorer of a model.</summary>
    /// <param name="model">The model; it must outlive the scorer.</param>
    /// <param name="batchTokens">Tokens of a packed batch: costs memory, changes no result.</param>
    public TokenScorer(LanguageModel model, int batchTokens = PackedScorer.DefaultBatchTokens)
    {
        _batchTokens = batchTokens;
        Context = model.MaxTokens;
        _scorer = new RowScorer(model, batchTokens, (sequence, scores) => _scores[sequence].AddRange(scores));
    }

    /// <summary>The most tokens that the model looks at, the one it predicts from included.</summary>
    public int Context { get; }

    /// <summary>Scores sequences, a batch at a time.</summary>
    /// <param name="sequences">The sequences.</param>
    /// <param name="cancellationToken">Ends it between two sequences.</param>
    /// <returns>For each sequence, in their order, the scores of all its tokens but the first.</returns>
    /// <exception cref="CoppiceException">A token is outside the model's vocabulary, or the model's numbers are not finite.</exception>
    public IEnumerable<IReadOnlyList<TokenScore>> Score(IEnumerable<TokenSequence> sequences, CancellationToken cancellationToken = default)
    {
        _scorer.Clear();
        _scores = [];
        var tokens = 0;
        foreach (var sequence in sequences)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _scores.Add(new List<TokenScore>(sequence.Predicted));
            _scorer.Add(_scores.Count - 1, sequence.Tokens.Span);
            tokens += sequence.Predicted;
            if (tokens < _batchTokens) continue;
            foreach (var scores in Finish()) yield return scores;
            tokens = 0;
        }

        foreach (var scores in Finish()) yield return scores;
    }

    /// <inheritdoc/>
    public void Dispose() => _scorer.Dispose();

    private List<List<TokenScore>> Finish()
    {
        _scorer.Flush();
        var finished = _scores;
        _scores = [];
        return finished;
    }

    private sealed class RowScorer(LanguageModel model, int batchTokens, Action<int, ArraySegment<TokenScore>> report) : PackedScorer(model, batchTokens)
    {
        // Logits that exist at one time: 4 MiB.
        private const int ChunkFloats = 1 << 20;

        private float[] _hidden = [];
        private float[] _logits = [];
        private TokenScore[] _rows = [];

        protected override void Run(Tape tape, ModelInput input, ReadOnlySpan<int> targets)
        {
            // Only for its check: a target outside the vocabulary would index past a row.
            input.Targets(tape, targets);
            var (count, width, classes) = (input.Count, Model.Configuration.HiddenSize, Model.Configuration.VocabularySize);
            if (_rows.Length < count) (_rows, _hidden) = (new TokenScore[count], new float[count * width]);
            Model.Hidden(tape, input).CopyTo(_hidden.AsSpan(0, count * width));
            var chunk = Math.Max(1, ChunkFloats / classes);
            if (_logits.Length == 0) _logits = new float[chunk * classes];
            for (var start = 0; start < count; start += chunk)
            {
                // The logits of the chunk before are given back.
                tape.Reset();
                var rows = Math.Min(chunk, count - start);
                var hidden = tape.Constant(new Shape(rows, width), _hidden.AsSpan(start * width, rows * width));
                Model.Logits(tape, hidden).CopyTo(_logits.AsSpan(0, rows * classes));
                for (var row = 0; row < rows; row++) _rows[start + row] = ScoreRow(_logits.AsSpan(row * classes, classes), targets[start + row]);
            }
        }

        protected override void Report(int item, int start, int length)
        {
            var rows = new ArraySegment<TokenScore>(_rows, start, length);
            foreach (var row in rows)
            {
                if (!double.IsFinite(row.LogProbability)) throw NotFinite();
            }

            report(item, rows);
        }

        // With d = logit - largest logit and the moments of d under p: log p = d - log Σ e^d, so its mean is that of d less log Σ e^d, and its
        // variance that of d.
        private static TokenScore ScoreRow(ReadOnlySpan<float> logits, int target)
        {
            var argmax = 0;
            for (var i = 1; i < logits.Length; i++)
            {
                if (logits[i] > logits[argmax]) argmax = i;
            }

            double largest = logits[argmax];
            var (sum, first, second) = (0.0, 0.0, 0.0);
            foreach (var logit in logits)
            {
                var difference = logit - largest;
                var weight = Math.Exp(difference);
                sum += weight;
                first += weight * difference;
                second += weight * difference * difference;
            }

            var (normaliser, mean) = (Math.Log(sum), first / sum);
            return new TokenScore(target, logits[target] - largest - normaliser, mean - normaliser, Math.Sqrt(Math.Max(0, second / sum - mean * mean)), argmax);
        }
    }
}
