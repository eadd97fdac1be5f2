using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>A bottleneck beside a projection: W · x + A(x) + residual.</summary>
/// <param name="module">A.</param>
internal sealed class BesideDelta(Bottleneck module) : ModuleDelta
{
    /// <summary>Where what the adapter adds is listed, pass by pass; null for nowhere.</summary>
    public List<Tensor>? Changes { get; set; }

    /// <inheritdoc/>
    public override Tensor Forward(Tape tape, Projection own, Tensor x, Tensor? residual) => Added(tape, x, own.Forward(tape, x, residual));

    /// <inheritdoc/>
    public override Tensor ForwardResidual(Tape tape, Projection own, Tensor x, Tensor residual, float dropout) => Added(tape, x, own.ForwardResidual(tape, x, residual, dropout));

    private Tensor Added(Tape tape, Tensor x, Tensor y)
    {
        if (Changes is null) return module.Add(tape, x, y);
        var change = module.Add(tape, x, null);
        Tape.Keep(change);
        Changes.Add(change);
        return tape.Add(y, change);
    }
}

/// <summary>
/// Several bottlenecks beside the last projection of an MLP, each counted by a gate: W · x + Σ gᵢ · Aᵢ(x) + residual. The gate is a network of three layers on the MLP's
/// input, token by token, with a softmax over the adapters and the plain MLP behind them: it sees no other token, so that it leaks nothing and packing changes nothing.
/// </summary>
/// <param name="modules">A.</param>
/// <param name="gate">Weights and biases of the gate's three layers.</param>
/// <param name="tap">Has the MLP's input.</param>
/// <param name="outputs">Outputs of W.</param>
internal sealed class MixtureDelta(IReadOnlyList<Bottleneck> modules, IReadOnlyList<(Parameter Weight, Parameter Bias)> gate, InputTap tap, int outputs) : ModuleDelta
{
    private readonly float[] _ones = [.. Enumerable.Repeat(1f, outputs)];

    /// <inheritdoc/>
    public override Tensor Forward(Tape tape, Projection own, Tensor x, Tensor? residual) => Mixed(tape, x, own.Forward(tape, x, residual));

    /// <inheritdoc/>
    public override Tensor ForwardResidual(Tape tape, Projection own, Tensor x, Tensor residual, float dropout) => Mixed(tape, x, own.ForwardResidual(tape, x, residual, dropout));

    /// <summary>What each token counts of each adapter, and in the last column of the plain MLP: [T, adapters + 1]; rows sum to 1.</summary>
    internal Tensor Shares(Tape tape, Tensor z)
    {
        var inner = z;
        for (var layer = 0; layer < gate.Count; layer++)
        {
            if (layer > 0) inner = tape.Apply(inner, PointwiseFunction.Relu);
            inner = tape.Linear(inner, gate[layer].Weight.Tensor, gate[layer].Bias.Tensor);
        }

        return tape.Softmax(inner);
    }

    private Tensor Mixed(Tape tape, Tensor x, Tensor y)
    {
        var shares = Shares(tape, tap.Seen);
        for (var i = 0; i < modules.Count; i++)
        {
            // The share of a token in all of its row's columns.
            var share = tape.Linear(tape.SliceColumns(shares, i, 1), tape.Constant(new Shape(outputs, 1), _ones));
            y = tape.Add(y, tape.Multiply(modules[i].Add(tape, x, null), share));
        }

        return y;
    }
}

/// <summary>A change of what another change makes of a projection.</summary>
/// <param name="inner">The projection with the one change.</param>
/// <param name="outer">The other.</param>
internal sealed class ComposedDelta(AdaptedProjection inner, WeightDelta outer) : ModuleDelta
{
    /// <inheritdoc/>
    public override Tensor Forward(Tape tape, Projection own, Tensor x, Tensor? residual) => outer.Forward(tape, inner, x, residual);

    /// <inheritdoc/>
    public override Tensor ForwardResidual(Tape tape, Projection own, Tensor x, Tensor residual, float dropout) => outer.ForwardResidual(tape, inner, x, residual, dropout);
}
