using Coppice.Testing;

namespace Coppice.Tensors.Tests.Operations;

/// <summary>Losses give the values and the gradients that were computed elsewhere in double precision.</summary>
public class LossOracleTests
{
    public static TheoryData<KernelLevel, int> Machines => Operations.Machines.All();

    [SharedDataTheory(Oracle.Folder)]
    [MemberData(nameof(Machines))]
    public void Cross_entropy_is_reproduced(KernelLevel level, int threads) => CheckCrossEntropy("cross_entropy", level, threads, labelSmoothing: 0, zLoss: 0);

    [SharedDataTheory(Oracle.Folder)]
    [MemberData(nameof(Machines))]
    public void Cross_entropy_of_some_rows_is_reproduced(KernelLevel level, int threads) => CheckCrossEntropy("cross_entropy_ignore", level, threads, labelSmoothing: 0, zLoss: 0);

    [SharedDataTheory(Oracle.Folder)]
    [MemberData(nameof(Machines))]
    public void Cross_entropy_with_label_smoothing_is_reproduced(KernelLevel level, int threads) => CheckCrossEntropy("cross_entropy_smooth", level, threads, labelSmoothing: 0.1f, zLoss: 0);

    [SharedDataTheory(Oracle.Folder)]
    [MemberData(nameof(Machines))]
    public void Cross_entropy_with_z_loss_is_reproduced(KernelLevel level, int threads) => CheckCrossEntropy("cross_entropy_zloss", level, threads, labelSmoothing: 0, zLoss: 0.001f);

    [SharedDataTheory(Oracle.Folder)]
    [MemberData(nameof(Machines))]
    public void Distillation_is_reproduced(KernelLevel level, int threads)
    {
        using var backend = Backends.Create(threads, level);
        using var tape = new Tape(backend);
        using var oracle = new Oracle("kl_distil");
        var student = oracle.Variable(tape, "student");
        // A frozen teacher there, so one here.
        var teacher = tape.Constant(student.Shape, oracle.Floats("in.teacher"));
        oracle.Check(tape, tape.KullbackLeibler(student, teacher, oracle.Constant("T"), 1f / student.Rows), ("student", student));
    }

    // The logits themselves, and the same logits as the product of hidden states (the logits) and a head (the identity).
    private static void CheckCrossEntropy(string name, KernelLevel level, int threads, float labelSmoothing, float zLoss)
    {
        using var backend = Backends.Create(threads, level);
        using var tape = new Tape(backend);
        using var oracle = new Oracle(name);
        var labels = oracle.Integers("in.labels");
        var weights = labels.Select(label => label < 0 ? 0f : 1f).ToArray();
        var options = new CrossEntropyOptions(1 / weights.Sum(), labelSmoothing, zLoss);

        var logits = oracle.Variable(tape, "x");
        oracle.Check(tape, tape.CrossEntropy(logits, tape.Integers(labels), tape.Constant(new Shape(labels.Length), weights), options), ("x", logits));
        tape.Reset();

        var hidden = oracle.Variable(tape, "x");
        var classes = hidden.Columns;
        var identity = tape.Constant(new Shape(classes, classes), [.. Enumerable.Range(0, classes * classes).Select(i => i % (classes + 1) == 0 ? 1f : 0f)]);
        var loss = tape.HeadCrossEntropy(hidden, identity, tape.Integers(labels), tape.Constant(new Shape(labels.Length), weights), options);
        Close.Relative(oracle.Floats("out"), loss.ToArray(), 2e-6, "loss with the head");
        tape.Backward(loss);
        oracle.CheckGradients(("x", hidden));
    }
}
