using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Evaluation;

/// <summary>
/// Sums -log p over the tokens of many sequences, packed side by side without padding. A sequence that is longer than the model's context is
/// cut into windows; each later window begins with the last token of the one before, so that every token but the first is predicted exactly once.
/// </summary>
/// <remarks>A sum doesn't depend on what else is in the batch. Not thread-safe.</remarks>
internal sealed class SequenceScorer : IDisposable
{
    /// <summary>Tokens of a batch: enough to keep a processor busy, few enough to stay near its caches.</summary>
    public const int DefaultBatchTokens = 4096;

    private readonly LanguageModel _model;
    private readonly int _batchTokens;
    private readonly Action<int, double> _report;
    private readonly Tape _tape;
    private readonly ModelInput _input;
    private readonly List<int> _items = [];
    private readonly List<int> _cumulativeLengths = [0];
    private int[] _tokens = [];
    private int[] _targets = [];
    private int[] _positions = [];
    private float[] _ones = [];
    private float[] _losses = [];
    private int _count;

    /// <summary>A scorer with an empty batch.</summary>
    /// <param name="model">The model.</param>
    /// <param name="batchTokens">A batch is run before it would have more tokens than this; a longer window is a batch of its own.</param>
    /// <param name="report">Receives an item's number and -log p of a window of it in nats; windows come in the order in which they were added.</param>
    public SequenceScorer(LanguageModel model, int batchTokens, Action<int, double> report)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchTokens);
        (_model, _batchTokens, _report) = (model, batchTokens, report);
        _tape = new Tape(model.Backend) { Recording = false };
        _input = new ModelInput(model);
    }

    /// <summary>Adds a sequence.</summary>
    /// <param name="item">Names it in the reports.</param>
    /// <param name="sequence">The tokens. The first is given, the others are predicted.</param>
    /// <exception cref="CoppiceException">A token is outside the model's vocabulary.</exception>
    public void Add(int item, ReadOnlySpan<int> sequence)
    {
        var predicted = sequence.Length - 1;
        for (var start = 0; start < predicted; start += _model.Configuration.MaxPositions)
        {
            var length = Math.Min(_model.Configuration.MaxPositions, predicted - start);
            AddWindow(item, sequence.Slice(start, length), sequence.Slice(start + 1, length));
        }
    }

    /// <summary>Runs what has been added and not yet reported.</summary>
    /// <exception cref="CoppiceException">The model's numbers are not finite.</exception>
    public void Flush()
    {
        if (_count == 0) return;
        try
        {
            Run();
        }
        finally
        {
            _tape.Reset();
        }

        for (var i = 0; i < _items.Count; i++)
        {
            var sum = 0.0;
            for (var t = _cumulativeLengths[i]; t < _cumulativeLengths[i + 1]; t++) sum += _losses[t];
            if (!double.IsFinite(sum)) throw new CoppiceException("The model's loss is not a finite number: its weights are damaged, or its training diverged.");
            _report(_items[i], sum);
        }

        Clear();
    }

    /// <summary>Forgets what has been added and not yet run: the rest of a batch that an error or a cancellation ended.</summary>
    public void Clear()
    {
        _count = 0;
        _items.Clear();
        _cumulativeLengths.RemoveRange(1, _cumulativeLengths.Count - 1);
    }

    /// <inheritdoc/>
    public void Dispose() => _tape.Dispose();

    private void AddWindow(int item, ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets)
    {
        if (_count > 0 && _count + inputs.Length > _batchTokens) Flush();
        Reserve(_count + inputs.Length);
        inputs.CopyTo(_tokens.AsSpan(_count));
        targets.CopyTo(_targets.AsSpan(_count));
        for (var i = 0; i < inputs.Length; i++) _positions[_count + i] = i;
        _count += inputs.Length;
        _items.Add(item);
        _cumulativeLengths.Add(_count);
    }

    private void Run()
    {
        var cumulativeLengths = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_cumulativeLengths);
        _input.Set(_tape, _tokens.AsSpan(0, _count), _positions.AsSpan(0, _count), cumulativeLengths, training: false);
        var targets = _input.Targets(_tape, _targets.AsSpan(0, _count));
        var hidden = _model.Hidden(_tape, _input);
        var shape = new Shape(_count);
        var weights = _tape.Constant(shape, _ones.AsSpan(0, _count));
        var losses = _tape.Constant(shape, _ones.AsSpan(0, _count));
        _tape.HeadCrossEntropy(hidden, _model.Head.Tensor, targets, weights, new CrossEntropyOptions(Scale: 1), losses);
        losses.CopyTo(_losses.AsSpan(0, _count));
    }

    private void Reserve(int count)
    {
        if (count <= _tokens.Length) return;
        var size = Math.Max(count, _batchTokens);
        Array.Resize(ref _tokens, size);
        Array.Resize(ref _targets, size);
        Array.Resize(ref _positions, size);
        _ones = new float[size];
        _ones.AsSpan().Fill(1);
        _losses = new float[size];
    }
}
