using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>
/// A weight matrix of a model, however it is represented: dense here; low-rank additions, masks and quantised bases are other classes of this kind.
/// A model holds its projections by name, and another representation can take the place of one.
/// </summary>
public abstract class Projection
{
    /// <summary>Names the projection.</summary>
    /// <param name="name">The name of the parameter without <c>.weight</c>.</param>
    /// <param name="inputs">Width of its input.</param>
    /// <param name="outputs">Width of its output.</param>
    protected Projection(string name, int inputs, int outputs) => (Name, Inputs, Outputs) = (name, inputs, outputs);

    /// <summary>Its name: that of its parameter without <c>.weight</c>.</summary>
    public string Name { get; }

    /// <summary>Width of its input.</summary>
    public int Inputs { get; }

    /// <summary>Width of its output.</summary>
    public int Outputs { get; }

    /// <summary>y = x · Wᵀ (+ bias) (+ residual).</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[rows, inputs].</param>
    /// <param name="residual">Null, or [rows, outputs].</param>
    /// <returns>[rows, outputs].</returns>
    public abstract Tensor Forward(Tape tape, Tensor x, Tensor? residual = null);

    /// <summary>As <see cref="Forward"/>, with dropout between the product and the residual where <paramref name="dropout"/> is positive.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[rows, inputs].</param>
    /// <param name="residual">[rows, outputs].</param>
    /// <param name="dropout">The share that is dropped; 0 outside training.</param>
    /// <returns>[rows, outputs].</returns>
    public virtual Tensor ForwardResidual(Tape tape, Tensor x, Tensor residual, float dropout) =>
        dropout == 0 ? Forward(tape, x, residual) : tape.Add(residual, tape.Dropout(Forward(tape, x), dropout, training: true));
}
