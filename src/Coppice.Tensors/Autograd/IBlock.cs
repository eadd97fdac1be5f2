namespace Coppice.Tensors;

/// <summary>A stretch of a model with one input and one output (a transformer layer, say): the unit of activation recomputation.</summary>
public interface IBlock
{
    /// <summary>Computes the output. Called a second time with the same input where activations are recomputed, and gives the same values then.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="x">The input.</param>
    Tensor Forward(Tape tape, Tensor x);
}
