using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Evaluation;

/// <summary>-log p of the tokens of many sequences.</summary>
internal sealed class SequenceScorer : PackedScorer
{
    private readonly WindowReport _report;
    private float[] _ones = [];
    private float[] _losses = [];

    /// <summary>A scorer with an empty batch.</summary>
    /// <param name="model">The model.</param>
    /// <param name="batchTokens">A batch is run before it would have more tokens than this; a longer window is a batch of its own.</param>
    /// <param name="report">Receives the windows.</param>
    public SequenceScorer(LanguageModel model, int batchTokens, WindowReport report)
        : base(model, batchTokens) => _report = report;

    /// <summary>Receives a window of a sequence.</summary>
    /// <param name="item">The sequence's number.</param>
    /// <param name="nats">-log p of each predicted token; all finite.</param>
    public delegate void WindowReport(int item, ReadOnlySpan<float> nats);

    /// <summary>The sum of a window.</summary>
    public static double Sum(ReadOnlySpan<float> nats)
    {
        var sum = 0.0;
        foreach (var value in nats) sum += value;
        return sum;
    }

    /// <inheritdoc/>
    protected override void Run(Tape tape, ModelInput input, ReadOnlySpan<int> targets)
    {
        Reserve(input.Count);
        var ids = input.Targets(tape, targets);
        var hidden = Model.Hidden(tape, input);
        var shape = new Shape(input.Count);
        var weights = tape.Constant(shape, _ones.AsSpan(0, input.Count));
        var losses = tape.Constant(shape, _ones.AsSpan(0, input.Count));
        Model.CrossEntropy(tape, hidden, ids, weights, new CrossEntropyOptions(Scale: 1), losses);
        losses.CopyTo(_losses.AsSpan(0, input.Count));
    }

    /// <inheritdoc/>
    protected override void Report(int item, int start, int length)
    {
        var nats = _losses.AsSpan(start, length);
        if (!double.IsFinite(Sum(nats))) throw NotFinite();
        _report(item, nats);
    }

    private void Reserve(int count)
    {
        if (count <= _ones.Length) return;
        _ones = new float[count];
        _ones.AsSpan().Fill(1);
        _losses = new float[count];
    }
}
