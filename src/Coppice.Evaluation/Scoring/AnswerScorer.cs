using System.Runtime.InteropServices;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Evaluation;

/// <summary>How probable the end of a sequence is after its beginning.</summary>
/// <param name="LogProbability">log p of the tokens of the end, summed, in nats.</param>
/// <param name="Tokens">How many they are.</param>
/// <param name="Greedy">Whether each of them is the most probable token at its place: greedy decoding would write the end.</param>
internal readonly record struct AnswerScore(double LogProbability, int Tokens, bool Greedy)
{
    /// <summary>log p per token: what answers of different lengths are compared by.</summary>
    public double Mean => LogProbability / Tokens;
}

/// <summary>Takes the score of an item.</summary>
/// <param name="item">The item.</param>
/// <param name="score">Its score.</param>
/// <param name="first">log p of every token at the place of the end's first one [vocabulary]; valid during the call.</param>
internal delegate void AnswerReport(int item, in AnswerScore score, ReadOnlySpan<float> first);

/// <summary>
/// Scores the ends of many sequences in packed passes: logits are computed only where an end is predicted. Scores don't depend on what else is in
/// a batch. Not thread-safe.
/// </summary>
internal sealed class AnswerScorer : IDisposable
{
    // Logits of a batch that are held at a time: 64 MiB.
    private const int MaxLogits = 1 << 24;

    private readonly LanguageModel _model;
    private readonly int _batchTokens;
    private readonly AnswerReport _report;
    private readonly Tape _tape;
    private readonly ModelInput _input;
    private readonly List<int> _tokens = [];
    private readonly List<int> _positions = [];
    private readonly List<int> _cumulativeLengths = [0];
    private readonly List<(int Item, int Start, int Length)> _ends = [];
    private readonly List<int> _rows = [];
    private readonly List<int> _targets = [];
    private float[] _logits = [];

    /// <summary>A scorer with an empty batch.</summary>
    /// <param name="model">The model.</param>
    /// <param name="batchTokens">A batch is run before it would have more tokens than this.</param>
    /// <param name="report">Takes the scores, in the order in which the sequences were added.</param>
    public AnswerScorer(LanguageModel model, int batchTokens, AnswerReport report)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchTokens);
        (_model, _batchTokens, _report) = (model, batchTokens, report);
        _tape = new Tape(model.Backend) { Recording = false };
        _input = new ModelInput(model);
    }

    /// <summary>Adds a sequence.</summary>
    /// <param name="item">Names it in the report.</param>
    /// <param name="sequence">The tokens.</param>
    /// <param name="start">Where its end begins: at least 1, and not after the last token.</param>
    /// <exception cref="CoppiceException">Running a full batch failed; see <see cref="Flush"/>.</exception>
    public void Add(int item, ReadOnlySpan<int> sequence, int start)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(start, 1);
        var (inputs, length) = (sequence.Length - 1, sequence.Length - start);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        var logits = (long)(_rows.Count + length) * _model.Configuration.VocabularySize;
        if (_tokens.Count > 0 && (_tokens.Count + inputs > _batchTokens || logits > MaxLogits)) Flush();
        _ends.Add((item, _rows.Count, length));
        for (var i = start; i < sequence.Length; i++)
        {
            _rows.Add(_tokens.Count + i - 1);
            _targets.Add(sequence[i]);
        }

        _tokens.AddRange(sequence[..^1]);
        for (var i = 0; i < inputs; i++) _positions.Add(i);
        _cumulativeLengths.Add(_tokens.Count);
    }

    /// <summary>Runs what has been added and not yet reported.</summary>
    /// <exception cref="CoppiceException">A token is outside the model's vocabulary, a sequence longer than its context, or its numbers are not finite.</exception>
    public void Flush()
    {
        if (_ends.Count == 0) return;
        try
        {
            Run();
        }
        finally
        {
            _tape.Reset();
        }

        var vocabulary = _model.Configuration.VocabularySize;
        foreach (var (item, start, length) in _ends)
        {
            var (sum, greedy) = (0.0, true);
            for (var row = start; row < start + length; row++)
            {
                var logProbabilities = _logits.AsSpan(row * vocabulary, vocabulary);
                greedy &= LogSoftmax(logProbabilities) == _targets[row];
                sum += logProbabilities[_targets[row]];
            }

            if (!double.IsFinite(sum)) throw new CoppiceException("The model's loss is not a finite number: its weights are damaged, or its training diverged.");
            _report(item, new AnswerScore(sum, length, greedy), _logits.AsSpan(start * vocabulary, vocabulary));
        }

        Clear();
    }

    /// <summary>Forgets what has been added and not yet run: the rest of a batch that an error or a cancellation ended.</summary>
    public void Clear()
    {
        foreach (var list in (ReadOnlySpan<List<int>>)[_tokens, _positions, _rows, _targets]) list.Clear();
        _ends.Clear();
        _cumulativeLengths.RemoveRange(1, _cumulativeLengths.Count - 1);
    }

    /// <inheritdoc/>
    public void Dispose() => _tape.Dispose();

    private void Run()
    {
        _input.Set(_tape, Span(_tokens), Span(_positions), Span(_cumulativeLengths), training: false);
        // Checks the targets against the vocabulary, as the tokens are.
        _input.Targets(_tape, Span(_targets));
        var hidden = _model.Hidden(_tape, _input);
        var logits = _model.Logits(_tape, _tape.Embedding(_tape.Integers(Span(_rows)), hidden));
        var count = _rows.Count * _model.Configuration.VocabularySize;
        if (_logits.Length < count) _logits = new float[count];
        logits.CopyTo(_logits.AsSpan(0, count));
    }

    private static ReadOnlySpan<int> Span(List<int> list) => CollectionsMarshal.AsSpan(list);

    /// <summary>Makes logits log-probabilities, in place.</summary>
    /// <returns>The largest one's index: the first of several.</returns>
    private static int LogSoftmax(Span<float> logits)
    {
        var largest = 0;
        for (var i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[largest]) largest = i;
        }

        var maximum = logits[largest];
        var sum = 0.0;
        foreach (var logit in logits) sum += Math.Exp(logit - maximum);
        var normaliser = maximum + Math.Log(sum);
        for (var i = 0; i < logits.Length; i++) logits[i] = (float)(logits[i] - normaliser);
        return largest;
    }
}
