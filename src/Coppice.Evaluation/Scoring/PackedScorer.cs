using System.Runtime.InteropServices;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Evaluation;

/// <summary>
/// Runs a model over many sequences, packed side by side without padding. A sequence that is longer than the model's context is cut into
/// windows; each later window begins with the last token of the one before, so that every token but the first is predicted exactly once.
/// </summary>
/// <remarks>What is made of a window doesn't depend on what else is in the batch. Not thread-safe.</remarks>
internal abstract class PackedScorer : ISequenceScorer
{
    /// <summary>Tokens of a batch: enough to keep a processor busy, few enough to stay near its caches.</summary>
    public const int DefaultBatchTokens = 4096;

    private readonly int _batchTokens;
    private readonly Tape _tape;
    private readonly ModelInput _input;
    private readonly List<int> _items = [];
    private readonly List<int> _cumulativeLengths = [0];
    private int[] _tokens = [];
    private int[] _targets = [];
    private int[] _positions = [];
    private int _count;

    /// <summary>A scorer with an empty batch.</summary>
    /// <param name="model">The model.</param>
    /// <param name="batchTokens">A batch is run before it would have more tokens than this; a longer window is a batch of its own.</param>
    protected PackedScorer(LanguageModel model, int batchTokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchTokens);
        model.RequireCausal("predict the next token of a text");
        (Model, _batchTokens) = (model, batchTokens);
        _tape = new Tape(model.Backend) { Recording = false };
        _input = new ModelInput(model);
    }

    /// <summary>The model.</summary>
    protected LanguageModel Model { get; }

    /// <summary>Adds a sequence.</summary>
    /// <param name="item">Names it in the reports.</param>
    /// <param name="sequence">The tokens. The first is given, the others are predicted.</param>
    /// <exception cref="CoppiceException">A token is outside the model's vocabulary.</exception>
    public void Add(int item, ReadOnlySpan<int> sequence)
    {
        var predicted = sequence.Length - 1;
        for (var start = 0; start < predicted; start += Model.MaxTokens)
        {
            var length = Math.Min(Model.MaxTokens, predicted - start);
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
            var positions = _positions.AsSpan(0, _count);
            _input.Set(_tape, _tokens.AsSpan(0, _count), positions, CollectionsMarshal.AsSpan(_cumulativeLengths), training: false);
            Run(_tape, _input, _targets.AsSpan(0, _count));
        }
        finally
        {
            _tape.Reset();
        }

        for (var i = 0; i < _items.Count; i++) Report(_items[i], _cumulativeLengths[i], _cumulativeLengths[i + 1] - _cumulativeLengths[i]);
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

    /// <summary>An error for numbers that are not finite.</summary>
    internal static CoppiceException NotFinite() => new("The model's loss is not a finite number: its weights are damaged, or its training diverged.");

    /// <summary>Scores all rows of a batch.</summary>
    /// <param name="tape">Is reset afterwards.</param>
    /// <param name="input">The batch.</param>
    /// <param name="targets">What each row predicts.</param>
    protected abstract void Run(Tape tape, ModelInput input, ReadOnlySpan<int> targets);

    /// <summary>Hands on a window of the batch that was run; windows come in the order in which they were added.</summary>
    /// <param name="item">The sequence it belongs to.</param>
    /// <param name="start">Its first row.</param>
    /// <param name="length">Its rows.</param>
    protected abstract void Report(int item, int start, int length);

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

    private void Reserve(int count)
    {
        if (count <= _tokens.Length) return;
        var size = Math.Max(count, _batchTokens);
        Array.Resize(ref _tokens, size);
        Array.Resize(ref _targets, size);
        Array.Resize(ref _positions, size);
    }
}
