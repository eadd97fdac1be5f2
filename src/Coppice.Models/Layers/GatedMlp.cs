using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>
/// down(f(gate(x)) · up(x)): gate and up are a matrix each, or one whose first half of rows is the gate (Phi-3). Shapes: T tokens, C hidden size, M intermediate size.
/// </summary>
internal sealed class GatedMlp
{
    private readonly Projection? _fused;
    private readonly Projection? _gate;
    private readonly Projection? _up;
    private readonly Projection _down;
    private readonly PointwiseFunction _activation;
    private readonly int _width;

    /// <summary>Takes the projections of a layer.</summary>
    /// <param name="project">A projection by its name.</param>
    /// <param name="configuration">The sizes and f.</param>
    public GatedMlp(Func<string, Projection> project, LlamaConfiguration configuration)
    {
        (_activation, _width, _down) = (configuration.Activation, configuration.IntermediateSize, project("mlp.down_proj"));
        if (configuration.Fused) _fused = project("mlp.gate_up_proj");
        else (_gate, _up) = (project("mlp.gate_proj"), project("mlp.up_proj"));
    }

    /// <summary>The residual stream [T, C] with what the MLP makes of [T, C] added.</summary>
    public Tensor ForwardResidual(Tape tape, Tensor x_TC, Tensor residual_TC, float dropout)
    {
        var (gate_TM, up_TM) = GateAndUp(tape, x_TC);
        var gated_TM = _activation == PointwiseFunction.Silu ? tape.SwiGlu(gate_TM, up_TM) : tape.Multiply(tape.Apply(gate_TM, _activation), up_TM);
        return _down.ForwardResidual(tape, gated_TM, residual_TC, dropout);
    }

    private (Tensor Gate, Tensor Up) GateAndUp(Tape tape, Tensor x_TC)
    {
        if (_fused is null) return (_gate!.Forward(tape, x_TC), _up!.Forward(tape, x_TC));
        var fused = _fused.Forward(tape, x_TC);
        return (tape.SliceColumns(fused, 0, _width), tape.SliceColumns(fused, _width, _width));
    }
}
