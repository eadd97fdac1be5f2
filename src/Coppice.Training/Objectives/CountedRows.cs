using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Training.Objectives;

/// <summary>
/// The places of a batch whose targets count. Where they are few, what follows the hidden states (an encoder's head, over the whole vocabulary) is
/// computed for them alone. One object serves every step.
/// </summary>
public sealed class CountedRows
{
    private int[] _rows = [];
    private int[] _targets = [];
    private float[] _weights = [];

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>Where they are in the batch, in rising order.</summary>
    public ReadOnlySpan<int> Rows => _rows.AsSpan(0, Count);

    /// <summary>Their targets.</summary>
    public ReadOnlySpan<int> Targets => _targets.AsSpan(0, Count);

    /// <summary>What each counts.</summary>
    public ReadOnlySpan<float> Weights => _weights.AsSpan(0, Count);

    /// <summary>Finds the places.</summary>
    /// <param name="batch">The batch.</param>
    public void Find(PackedBatch batch)
    {
        if (_rows.Length < batch.Count) (_rows, _targets, _weights) = (new int[batch.Count], new int[batch.Count], new float[batch.Count]);
        Count = 0;
        for (var i = 0; i < batch.Count; i++)
        {
            if (!(batch.Weights[i] > 0)) continue;
            (_rows[Count], _targets[Count], _weights[Count]) = (i, batch.Targets[i], batch.Weights[i]);
            Count++;
        }
    }

    /// <summary>Their rows of the hidden states.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="hidden">[tokens of the batch, hidden].</param>
    /// <returns>[Count, hidden].</returns>
    public Tensor Gather(Tape tape, Tensor hidden) => tape.Embedding(tape.Integers(Rows), hidden);

    /// <summary>Mean loss of what their rows predict.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="model">The model.</param>
    /// <param name="input">Checks the targets.</param>
    /// <param name="gathered">[Count, hidden].</param>
    /// <param name="scale">Multiplies the sum.</param>
    /// <returns>[1].</returns>
    public Tensor CrossEntropy(Tape tape, LanguageModel model, ModelInput input, Tensor gathered, float scale) =>
        model.CrossEntropy(tape, gathered, input.Targets(tape, Targets), tape.Constant(new Shape(Count), Weights), new CrossEntropyOptions(scale));
}
