using Coppice.Tensors.Tests.Operations;

namespace Coppice.Tensors.Tests.Autograd;

/// <summary>The operations together, as a model uses them.</summary>
public class TransformerTests
{
    private static readonly int[][] Documents = [.. new[] { 5, 1, 9, 2, 16 }.Select((length, d) => Enumerable.Range(0, length).Select(i => (7 * d + 11 * i + i * i) % SmallTransformer.Classes).ToArray())];
    private static readonly int Counted = Documents.Sum(document => document.Length - 1);

    public static TheoryData<KernelLevel> Levels => Machines.Levels();

    [Theory]
    [MemberData(nameof(Levels))]
    public void Documents_packed_into_one_batch_equal_the_documents_one_by_one(KernelLevel level)
    {
        var packed = Step(level, threads: 2, [Documents]);
        var apart = Step(level, threads: 2, [.. Documents.Select(document => new[] { document })]);
        Assert.Equal(packed.Loss, apart.Loss, packed.Loss * 1e-6);
        Close.Relative(apart.Gradients, packed.Gradients, 1e-6, "gradients");
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Loss_and_gradients_have_the_same_bits_for_any_number_of_threads(KernelLevel level)
    {
        var one = Step(level, threads: 1, [Documents]);
        Assert.Equal(one, Step(level, threads: 2, [Documents]), Same);
        Assert.Equal(one, Step(level, threads: 3, [Documents]), Same);
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Kernel_levels_agree_with_the_reference(KernelLevel level)
    {
        var reference = Step(KernelLevel.Scalar, threads: 1, [Documents]);
        var actual = Step(level, threads: 2, [Documents]);
        Assert.Equal(reference.Loss, actual.Loss, reference.Loss * 1e-6);
        Close.Relative(reference.Gradients, actual.Gradients, 2e-6, "gradients");
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Recomputed_layers_have_the_same_bits(KernelLevel level) =>
        Assert.Equal(Step(level, threads: 2, [Documents], dropout: 0.1f), Step(level, threads: 2, [Documents], dropout: 0.1f, recomputing: true), Same);

    [Theory]
    [MemberData(nameof(Levels))]
    public void Gradients_point_where_the_loss_falls(KernelLevel level)
    {
        using var scope = new Scope(level, threads: 2);
        using var model = new SmallTransformer(scope.Backend);
        var (values, gradients) = (model.Parameters.Values, model.Parameters.Gradients!);
        List<float> losses = [];
        for (var step = 0; step < 12; step++)
        {
            gradients.Clear();
            var loss = model.Loss(scope.Tape, Documents, 1f / Counted);
            scope.Tape.Backward(loss);
            losses.Add(loss.Item);
            scope.Tape.Reset();
            const float Rate = 0.02f;
            // To first order, a step changes the loss by -rate · ‖gradient‖².
            if (step == 0) Assert.Equal(-1e-4 * gradients.SumOfSquares(), LossAfter(scope.Tape, model, 1e-4f) - losses[0], 2e-2 * 1e-4 * gradients.SumOfSquares());
            values.ScaleAdd(1, gradients, -Rate, 0, values.Count);
        }

        Assert.True(losses[^1] < 0.8f * losses[0], string.Join(", ", losses));
    }

    private static double LossAfter(Tape tape, SmallTransformer model, float rate)
    {
        var (values, gradients) = (model.Parameters.Values, model.Parameters.Gradients!);
        var before = new float[values.Count];
        values.CopyTo(0, before);
        values.ScaleAdd(1, gradients, -rate, 0, values.Count);
        tape.Recording = false;
        var loss = model.Loss(tape, Documents, 1f / Counted).Item;
        tape.Recording = true;
        tape.Reset();
        values.CopyFrom(before, 0);
        return loss;
    }

    /// <summary>One step on some batches whose gradients add up.</summary>
    private static (float Loss, float[] Gradients) Step(KernelLevel level, int threads, int[][][] batches, float dropout = 0, bool recomputing = false)
    {
        using var scope = new Scope(level, threads);
        using var model = new SmallTransformer(scope.Backend) { Dropout = dropout };
        scope.Tape.Recomputing = recomputing;
        var total = 0f;
        for (var i = 0; i < batches.Length; i++)
        {
            scope.Tape.SeedRandom(1, (ulong)i);
            var loss = model.Loss(scope.Tape, batches[i], 1f / Counted);
            scope.Tape.Backward(loss);
            total += loss.Item;
            scope.Tape.Reset();
        }

        var gradients = new float[model.Parameters.Gradients!.Count];
        model.Parameters.Gradients.CopyTo(0, gradients);
        return (total, gradients);
    }

    private static bool Same((float Loss, float[] Gradients) a, (float Loss, float[] Gradients) b) => a.Loss.Equals(b.Loss) && a.Gradients.AsSpan().SequenceEqual(b.Gradients);
}
