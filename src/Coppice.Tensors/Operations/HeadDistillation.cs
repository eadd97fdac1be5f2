namespace Coppice.Tensors;

/// <summary>Which rows of a student learn from which rows of a teacher, and how.</summary>
/// <param name="rows">[pairs]: rows of the student's hidden states, each at most once.</param>
/// <param name="teacherRows">[pairs]: the row of the teacher's hidden states that each learns from.</param>
/// <param name="weights">[pairs]: what each counts; 0 costs as much as 1, so leave such rows out.</param>
public readonly ref struct DistillationPairs(ReadOnlySpan<int> rows, ReadOnlySpan<int> teacherRows, ReadOnlySpan<float> weights)
{
    /// <summary>Rows of the student.</summary>
    public ReadOnlySpan<int> Rows { get; } = rows;

    /// <summary>Rows of the teacher.</summary>
    public ReadOnlySpan<int> TeacherRows { get; } = teacherRows;

    /// <summary>What each pair counts.</summary>
    public ReadOnlySpan<float> Weights { get; } = weights;
}

/// <summary>A student's head and the divergence from a teacher in one, over the rows that count.</summary>
public static unsafe class HeadDistillationOperation
{
    // Logits of student and teacher together that exist at one time, in floats: 32 MiB, as of the cross-entropy with the head.
    private const int ChunkFloats = 8 << 20;

    /// <summary>
    /// scale · T² · Σ over pairs of weight · KL(softmax(teacher logits / T) ‖ softmax(student logits / T)), with logits = hidden states · headᵀ (+ bias),
    /// computed in chunks so that all logits never exist at once. Only the rows of the pairs are computed. Where the student has more classes
    /// than the teacher (a vocabulary that grew), its probabilities are those among the teacher's classes, which come first in its head.
    /// The gradients are made in the same pass and those of the student's head and bias are added at once, so the loss has to enter the objective as it
    /// is: weigh it by <paramref name="scale"/>.
    /// </summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Hidden states of the student, [rows, hidden].</param>
    /// <param name="weight">Head of the student, [classes, hidden].</param>
    /// <param name="teacherX">Hidden states of the teacher, [teacher's rows, teacher's hidden]; no gradient flows to them.</param>
    /// <param name="teacherWeight">Head of the teacher, [teacher's classes, teacher's hidden], with no more classes than the student's.</param>
    /// <param name="pairs">The rows that count.</param>
    /// <param name="temperature">T &gt; 0.</param>
    /// <param name="scale">One over the number of rows that count in the whole step, for a mean.</param>
    /// <param name="bias">Null, or [classes] that is added to the student's logits.</param>
    /// <param name="teacherBias">Null, or [teacher's classes] that is added to the teacher's.</param>
    /// <returns>[1].</returns>
    public static Tensor HeadDistillation(
        this Tape tape, Tensor x, Tensor weight, Tensor teacherX, Tensor teacherWeight, in DistillationPairs pairs, float temperature, float scale,
        Tensor? bias = null, Tensor? teacherBias = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(temperature);
        var (classes, hidden) = (teacherWeight.Rows, x.Columns);
        Require.That(weight.Columns == hidden, "head", x.Shape, weight.Shape);
        Require.That(teacherWeight.Columns == teacherX.Columns, "teacher's head", teacherX.Shape, teacherWeight.Shape);
        Require.That(classes <= weight.Rows, "distillation", weight.Shape, teacherWeight.Shape);
        Require.That(bias is null || bias.Count == weight.Rows, "head: bias", weight.Shape, bias?.Shape ?? default);
        Require.That(teacherBias is null || teacherBias.Count == classes, "teacher's head: bias", teacherWeight.Shape, teacherBias?.Shape ?? default);
        var count = pairs.Rows.Length;
        if (pairs.TeacherRows.Length != count || pairs.Weights.Length != count) throw new ArgumentException($"{count} rows, {pairs.TeacherRows.Length} of the teacher, {pairs.Weights.Length} weights.", nameof(pairs));
        CheckRows(pairs.Rows, x.Rows);
        CheckRows(pairs.TeacherRows, teacherX.Rows);

        var loss = tape.NewTensor(new Shape(1), count > 0 && (x.RequiresGradient || weight.RequiresGradient || bias is { RequiresGradient: true }));
        if (count == 0)
        {
            tape.Backend.Zero(loss.Data, 1);
            return loss;
        }

        var rows = tape.Integers(pairs.Rows);
        var teacherRows = tape.Integers(pairs.TeacherRows);
        var weights = tape.NewFloats(count);
        tape.Backend.CopyFromHost(pairs.Weights, weights);
        var losses = tape.NewFloats(count);
        // Chunks of the same size, as few as fit, so that the last is no remnant.
        var chunks = Math.Max(1, (2L * count * classes + ChunkFloats - 1) / ChunkFloats);
        var chunk = (int)Math.Min(count, Math.Max(16, (count + chunks - 1) / chunks));
        var xs = tape.NewFloats((long)chunk * hidden);
        var teacherXs = tape.NewFloats((long)chunk * teacherX.Columns);
        var logits = tape.NewFloats((long)chunk * classes);
        var teacherLogits = tape.NewFloats((long)chunk * classes);
        var dx = loss.RequiresGradient && x.RequiresGradient ? tape.NewFloats((long)count * hidden) : null;
        var accumulate = false;
        var dweight = loss.RequiresGradient ? tape.Gradient(weight, out accumulate) : null;
        var dbias = loss.RequiresGradient && bias is not null ? tape.GradientToAdd(bias) : null;
        var learned = (long)classes * hidden;
        if (dweight != null && !accumulate && weight.Count > learned) tape.Backend.Zero(dweight + learned, weight.Count - learned);
        for (var start = 0; start < count; start += chunk)
        {
            var length = Math.Min(chunk, count - start);
            Logits(tape.Backend, length, rows.Data + start, x, weight, bias, classes, xs, logits);
            Logits(tape.Backend, length, teacherRows.Data + start, teacherX, teacherWeight, teacherBias, classes, teacherXs, teacherLogits);
            tape.Backend.KullbackLeibler(length, classes, logits, teacherLogits, temperature, scale, weights + start, losses + start, loss.RequiresGradient ? logits : null, null);
            if (dx != null) tape.Backend.Multiply(new MatrixProduct { M = length, N = hidden, K = classes, A = logits, StrideA = classes, B = weight.Data, StrideB = hidden, C = dx + (long)start * hidden, StrideC = hidden });
            if (dweight != null) tape.Backend.Multiply(new MatrixProduct { M = classes, N = hidden, K = length, A = logits, StrideA = classes, TransposeA = true, B = xs, StrideB = hidden, C = dweight, StrideC = hidden, Accumulate = accumulate || start > 0 });
            if (dbias != null) tape.Backend.AddColumnSums(length, classes, logits, dbias);
        }

        tape.Backend.Sum(count, losses, 1, loss.Data);
        tape.Free(teacherLogits);
        tape.Free(logits);
        tape.Free(teacherXs);
        tape.Free(xs);
        tape.Free(losses);
        tape.Free(weights);
        if (!loss.RequiresGradient) return loss;
        var operation = tape.Rent<Recorded>();
        (operation.X, operation.Rows) = (x, rows);
        operation.Saved = dx;
        tape.Record(operation, loss);
        return loss;
    }

    private static void CheckRows(ReadOnlySpan<int> rows, int count)
    {
        foreach (var row in rows)
        {
            if ((uint)row >= (uint)count) throw new ArgumentOutOfRangeException(nameof(rows), $"Row {row} of {count}.");
        }
    }

    /// <summary>Gathers rows of hidden states, and multiplies them with the first classes of a head.</summary>
    private static void Logits(Backend backend, int count, int* rows, Tensor x, Tensor weight, Tensor? bias, int classes, float* xs, float* logits)
    {
        var hidden = x.Columns;
        backend.Gather(count, hidden, rows, x.Data, xs, accumulate: false);
        backend.Multiply(new MatrixProduct { M = count, N = classes, K = hidden, A = xs, StrideA = hidden, B = weight.Data, StrideB = hidden, TransposeB = true, C = logits, StrideC = classes, Bias = bias is null ? null : bias.Data });
    }

    private sealed class Recorded : Operation
    {
        public Tensor? X { get; set; }

        public IntTensor? Rows { get; set; }

        internal override void Backward(Tape tape)
        {
            var upstream = 0f;
            tape.Backend.CopyToHost(Output.Gradient, new Span<float>(ref upstream));
            if (upstream != 1) throw new InvalidOperationException("The gradient of head and distillation is made in the forward pass: weigh this loss by its scale, not afterwards.");
            if (Saved != null) tape.Backend.ScatterAdd(Rows!.Count, X!.Columns, Rows.Data, Saved, tape.GradientToAdd(X));
        }

        internal override void Clear() => (X, Rows) = (null, null);
    }
}
