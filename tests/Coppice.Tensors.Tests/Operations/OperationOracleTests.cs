using Coppice.Testing;

namespace Coppice.Tensors.Tests.Operations;

/// <summary>Operations on rows give the outputs and the gradients that were computed elsewhere in double precision.</summary>
public class OperationOracleTests
{
    public static TheoryData<KernelLevel, int> Machines => Operations.Machines.All();

    [SharedDataTheory(Oracle.Folder)]
    [MemberData(nameof(Machines))]
    public void Linear_is_reproduced(KernelLevel level, int threads) => Check("linear", level, threads, (tape, oracle) =>
    {
        var (x, w, b) = (oracle.Variable(tape, "x"), oracle.Variable(tape, "w"), oracle.Variable(tape, "b"));
        oracle.Check(tape, tape.Linear(x, w, b), ("x", x), ("w", w), ("b", b));
    });

    [SharedDataTheory(Oracle.Folder)]
    [MemberData(nameof(Machines))]
    public void Layer_norm_is_reproduced(KernelLevel level, int threads) => Check("layer_norm", level, threads, (tape, oracle) =>
    {
        var (x, w, b) = (oracle.Variable(tape, "x"), oracle.Variable(tape, "w"), oracle.Variable(tape, "b"));
        oracle.Check(tape, tape.LayerNorm(x, w, b, oracle.Constant("eps")), ("x", x), ("w", w), ("b", b));
    });

    [SharedDataTheory(Oracle.Folder)]
    [MemberData(nameof(Machines))]
    public void Rms_norm_is_reproduced(KernelLevel level, int threads) => Check("rms_norm", level, threads, (tape, oracle) =>
    {
        var (x, w) = (oracle.Variable(tape, "x"), oracle.Variable(tape, "w"));
        oracle.Check(tape, tape.RmsNorm(x, w, oracle.Constant("eps")), ("x", x), ("w", w));
    });

    [SharedDataTheory(Oracle.Folder)]
    [MemberData(nameof(Machines))]
    public void Embedding_is_reproduced(KernelLevel level, int threads) => Check("embedding", level, threads, (tape, oracle) =>
    {
        var w = oracle.Variable(tape, "w");
        oracle.Check(tape, tape.Embedding(tape.Integers(oracle.Integers("in.ids")), w), ("w", w));
    });

    [SharedDataTheory(Oracle.Folder)]
    [MemberData(nameof(Machines))]
    public void Gelu_is_reproduced(KernelLevel level, int threads) => CheckUnary("gelu_erf", level, threads, (tape, x) => tape.Apply(x, PointwiseFunction.GeluErf));

    [SharedDataTheory(Oracle.Folder)]
    [MemberData(nameof(Machines))]
    public void Gelu_by_tanh_is_reproduced(KernelLevel level, int threads) => CheckUnary("gelu_tanh", level, threads, (tape, x) => tape.Apply(x, PointwiseFunction.GeluTanh));

    [SharedDataTheory(Oracle.Folder)]
    [MemberData(nameof(Machines))]
    public void Silu_is_reproduced(KernelLevel level, int threads) => CheckUnary("silu", level, threads, (tape, x) => tape.Apply(x, PointwiseFunction.Silu));

    [SharedDataTheory(Oracle.Folder)]
    [MemberData(nameof(Machines))]
    public void Relu_is_reproduced(KernelLevel level, int threads) => CheckUnary("relu", level, threads, (tape, x) => tape.Apply(x, PointwiseFunction.Relu));

    [SharedDataTheory(Oracle.Folder)]
    [MemberData(nameof(Machines))]
    public void Softmax_is_reproduced(KernelLevel level, int threads) => CheckUnary("softmax", level, threads, (tape, x) => tape.Softmax(x));

    [SharedDataTheory(Oracle.Folder)]
    [MemberData(nameof(Machines))]
    public void Log_softmax_is_reproduced(KernelLevel level, int threads) => CheckUnary("log_softmax", level, threads, (tape, x) => tape.LogSoftmax(x));

    [SharedDataTheory(Oracle.Folder)]
    [MemberData(nameof(Machines))]
    public void SwiGlu_is_reproduced(KernelLevel level, int threads) => Check("swiglu", level, threads, (tape, oracle) =>
    {
        var (gate, up) = (oracle.Variable(tape, "gate"), oracle.Variable(tape, "up"));
        oracle.Check(tape, tape.SwiGlu(gate, up), ("gate", gate), ("up", up));
    });

    private static void CheckUnary(string name, KernelLevel level, int threads, Func<Tape, Tensor, Tensor> operation) => Check(name, level, threads, (tape, oracle) =>
    {
        var x = oracle.Variable(tape, "x");
        oracle.Check(tape, operation(tape, x), ("x", x));
    });

    private static void Check(string name, KernelLevel level, int threads, Action<Tape, Oracle> check)
    {
        using var backend = Backends.Create(threads, level);
        using var tape = new Tape(backend);
        using var oracle = new Oracle(name);
        check(tape, oracle);
    }
}
