using Coppice.Foundation;

namespace Coppice.Tensors;

/// <summary>y = silu(gate) · up: the gated unit of the Llama family.</summary>
[Technique("swiglu", Title = "GLU Variants Improve Transformer", Paper = "arXiv:2002.05202")]
public static unsafe class SwiGluOperation
{
    /// <summary>The gated unit.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="gate">Any shape.</param>
    /// <param name="up">The same shape.</param>
    /// <returns>The same shape.</returns>
    public static Tensor SwiGlu(this Tape tape, Tensor gate, Tensor up)
    {
        Require.That(gate.Shape == up.Shape, "swiglu", gate.Shape, up.Shape);
        var y = tape.NewTensor(gate.Shape, gate.RequiresGradient || up.RequiresGradient);
        tape.Backend.SwiGlu(gate.Count, gate.Data, up.Data, y.Data);
        if (!y.RequiresGradient) return y;
        var operation = tape.Rent<Recorded>();
        (operation.Gate, operation.Up) = (gate, up);
        tape.Record(operation, y);
        return y;
    }

    private sealed class Recorded : Operation
    {
        public Tensor? Gate { get; set; }

        public Tensor? Up { get; set; }

        internal override void Backward(Tape tape)
        {
            var (gate, up) = (Gate!, Up!);
            // Each gradient is made whole, that of the values in place of the output's unless somebody wants to read that, and then handed on.
            var dgate = tape.NewCarrier(gate.Shape, tape.NewFloats(gate.Count));
            var dup = Output.Kept ? tape.NewCarrier(up.Shape, tape.NewFloats(up.Count)) : Output;
            tape.Backend.SwiGluBackward(gate.Count, gate.Data, up.Data, Output.Gradient, dgate.Gradient, dup.Gradient);
            tape.HandOn(dgate, gate);
            tape.HandOn(dup, up);
        }

        internal override void Clear() => (Gate, Up) = (null, null);
    }
}
