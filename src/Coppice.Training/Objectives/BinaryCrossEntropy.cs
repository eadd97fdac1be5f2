using Coppice.Tensors;

namespace Coppice.Training.Objectives;

/// <summary>Binary cross-entropy of logits: that of two classes, of which the first has the logit 0. One object serves every step.</summary>
internal sealed class BinaryCrossEntropy
{
    private float[] _zeros = [];
    private float[] _ones = [];

    /// <summary>scale · Σ weight · -log p(label), with p(1) = sigmoid(logit).</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="logits">[rows, 1].</param>
    /// <param name="labels">[rows]: 0 or 1.</param>
    /// <param name="weights">[rows]; empty for 1 everywhere.</param>
    /// <param name="scale">Multiplies the sum.</param>
    /// <returns>[1].</returns>
    public Tensor Of(Tape tape, Tensor logits, ReadOnlySpan<int> labels, ReadOnlySpan<float> weights, float scale)
    {
        var rows = logits.Rows;
        if (_zeros.Length < rows)
        {
            (_zeros, _ones) = (new float[rows], new float[rows]);
            Array.Fill(_ones, 1);
        }

        var zeros = tape.Constant(new Shape(rows, 1), _zeros.AsSpan(0, rows));
        var counted = tape.Constant(new Shape(rows), weights.Length == 0 ? _ones.AsSpan(0, rows) : weights);
        return tape.CrossEntropy(tape.ConcatenateColumns(zeros, logits), tape.Integers(labels), counted, new CrossEntropyOptions(scale));
    }
}
