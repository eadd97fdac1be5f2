namespace Coppice.Tensors;

/// <summary>How a cross-entropy is weighed.</summary>
/// <param name="Scale">Multiplies the sum of the weighted losses: one over the number of counted tokens of the whole batch, for a mean.</param>
/// <param name="LabelSmoothing">Share of the probability spread evenly over all classes.</param>
/// <param name="ZLoss">Adds ZLoss · (log of the softmax denominator)² per counted row: keeps logits from drifting (PaLM).</param>
public readonly record struct CrossEntropyOptions(float Scale, float LabelSmoothing = 0, float ZLoss = 0);

/// <summary>Weighted cross-entropy, over logits or over hidden states with the head included.</summary>
public static unsafe class CrossEntropyOperations
{
    // Logits that exist at one time, in floats: 32 MiB. Each chunk reads the whole head three times, so few are better than many.
    private const int ChunkFloats = 8 << 20;

    /// <summary>Σ over rows of weight · -log softmax(logits)[target], scaled.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="logits">[rows, classes].</param>
    /// <param name="targets">[rows]; a target is not looked at where the weight is 0.</param>
    /// <param name="weights">[rows].</param>
    /// <param name="options">Scale, smoothing, z-loss.</param>
    /// <returns>[1].</returns>
    public static Tensor CrossEntropy(this Tape tape, Tensor logits, IntTensor targets, Tensor weights, in CrossEntropyOptions options)
    {
        var (rows, classes) = (logits.Rows, logits.Columns);
        Require.That(targets.Count == rows && weights.Count == rows, "cross-entropy", logits.Shape, weights.Shape);
        var loss = tape.NewTensor(new Shape(1), logits.RequiresGradient);
        var losses = tape.NewFloats(rows);
        // The gradient is made now, from a copy of the logits, while their exponentials are at hand.
        var gradient = loss.RequiresGradient ? tape.NewFloats(logits.Count) : null;
        if (gradient != null) tape.Backend.Copy(logits.Data, gradient, logits.Count);
        tape.Backend.CrossEntropy(Arguments(rows, classes, gradient == null ? logits.Data : gradient, targets.Data, weights.Data, losses, null, options, gradient != null));
        tape.Backend.Sum(rows, losses, 1, loss.Data);
        tape.Free(losses);
        if (gradient == null) return loss;
        var operation = tape.Rent<RecordedLogits>();
        operation.Logits = logits;
        operation.Saved = gradient;
        tape.Record(operation, loss);
        return loss;
    }

    /// <summary>
    /// Head and cross-entropy in one: the loss of logits = x · Wᵀ (+ bias), computed in chunks of rows so that all logits never exist at once. The gradient
    /// is made in the same pass, while a chunk's probabilities are at hand; those of weight and bias are added at once. So the loss has to enter the
    /// objective as it is: weigh it by <see cref="CrossEntropyOptions.Scale"/>.
    /// </summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[rows, hidden].</param>
    /// <param name="weight">[classes, hidden].</param>
    /// <param name="targets">[rows]; a target is not looked at where the weight is 0.</param>
    /// <param name="weights">[rows].</param>
    /// <param name="options">Scale, smoothing, z-loss.</param>
    /// <param name="negativeLogLikelihoods">Null, or [rows] that receives -log p(target) of each counted row and 0 elsewhere.</param>
    /// <param name="bias">Null, or [classes] that is added to the logits.</param>
    /// <returns>[1].</returns>
    public static Tensor HeadCrossEntropy(
        this Tape tape, Tensor x, Tensor weight, IntTensor targets, Tensor weights, in CrossEntropyOptions options, Tensor? negativeLogLikelihoods = null, Tensor? bias = null)
    {
        var (rows, classes, hidden) = (x.Rows, weight.Rows, x.Columns);
        Require.That(weight.Columns == hidden, "head", x.Shape, weight.Shape);
        Require.That(bias is null || bias.Count == classes, "head: bias", weight.Shape, bias?.Shape ?? default);
        Require.That(targets.Count == rows && weights.Count == rows, "cross-entropy", x.Shape, weights.Shape);
        Require.That(negativeLogLikelihoods is null || negativeLogLikelihoods.Count == rows, "cross-entropy", x.Shape, negativeLogLikelihoods?.Shape ?? default);
        var loss = tape.NewTensor(new Shape(1), x.RequiresGradient || weight.RequiresGradient || bias is { RequiresGradient: true });
        var losses = tape.NewFloats(rows);
        var chunk = RowsOfAChunk(rows, classes);
        var logits = tape.NewFloats((long)Math.Min(chunk, rows) * classes);
        var dx = loss.RequiresGradient && x.RequiresGradient ? tape.NewFloats(x.Count) : null;
        var accumulate = false;
        var dweight = loss.RequiresGradient ? tape.Gradient(weight, out accumulate) : null;
        var dbias = loss.RequiresGradient && bias is not null ? tape.GradientToAdd(bias) : null;
        for (var start = 0; start < rows; start += chunk)
        {
            var count = Math.Min(chunk, rows - start);
            var xs = x.Data + (long)start * hidden;
            tape.Backend.Multiply(new MatrixProduct { M = count, N = classes, K = hidden, A = xs, StrideA = hidden, B = weight.Data, StrideB = hidden, TransposeB = true, C = logits, StrideC = classes, Bias = bias is null ? null : bias.Data });
            var nll = negativeLogLikelihoods is null ? null : negativeLogLikelihoods.Data + start;
            tape.Backend.CrossEntropy(Arguments(count, classes, logits, targets.Data + start, weights.Data + start, losses + start, nll, options, loss.RequiresGradient));
            if (dx != null) tape.Backend.Multiply(new MatrixProduct { M = count, N = hidden, K = classes, A = logits, StrideA = classes, B = weight.Data, StrideB = hidden, C = dx + (long)start * hidden, StrideC = hidden });
            if (dweight != null) tape.Backend.Multiply(new MatrixProduct { M = classes, N = hidden, K = count, A = logits, StrideA = classes, TransposeA = true, B = xs, StrideB = hidden, C = dweight, StrideC = hidden, Accumulate = accumulate || start > 0 });
            if (dbias != null) tape.Backend.AddColumnSums(count, classes, logits, dbias);
        }

        if (dweight != null && rows == 0 && !accumulate) tape.Backend.Zero(dweight, weight.Count);
        tape.Backend.Sum(rows, losses, 1, loss.Data);
        tape.Free(logits);
        tape.Free(losses);
        if (!loss.RequiresGradient) return loss;
        var operation = tape.Rent<RecordedHead>();
        operation.X = x;
        operation.Saved = dx;
        tape.Record(operation, loss);
        return loss;
    }

    /// <summary>As with a float32 head, with a quantised one, which has no gradient itself.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[rows, hidden].</param>
    /// <param name="weight">[classes, hidden].</param>
    /// <param name="targets">[rows]; a target is not looked at where the weight is 0.</param>
    /// <param name="weights">[rows].</param>
    /// <param name="options">Scale, smoothing, z-loss.</param>
    /// <param name="negativeLogLikelihoods">Null, or [rows] that receives -log p(target) of each counted row and 0 elsewhere.</param>
    /// <param name="bias">Null, or [classes] that is added to the logits.</param>
    /// <returns>[1].</returns>
    public static Tensor HeadCrossEntropy(
        this Tape tape, Tensor x, QuantizedMatrix weight, IntTensor targets, Tensor weights, in CrossEntropyOptions options, Tensor? negativeLogLikelihoods = null, Tensor? bias = null)
    {
        var (rows, classes, hidden) = (x.Rows, weight.Rows, x.Columns);
        Require.That(weight.Columns == hidden, "head", x.Shape, new Shape(classes, weight.Columns));
        Require.That(bias is null || bias.Count == classes, "head: bias", new Shape(classes, hidden), bias?.Shape ?? default);
        Require.That(targets.Count == rows && weights.Count == rows, "cross-entropy", x.Shape, weights.Shape);
        Require.That(negativeLogLikelihoods is null || negativeLogLikelihoods.Count == rows, "cross-entropy", x.Shape, negativeLogLikelihoods?.Shape ?? default);
        var loss = tape.NewTensor(new Shape(1), x.RequiresGradient || bias is { RequiresGradient: true });
        var losses = tape.NewFloats(rows);
        var chunk = RowsOfAChunk(rows, classes);
        var logits = tape.NewFloats((long)Math.Min(chunk, rows) * classes);
        var dx = loss.RequiresGradient && x.RequiresGradient ? tape.NewFloats(x.Count) : null;
        var dbias = loss.RequiresGradient && bias is not null ? tape.GradientToAdd(bias) : null;
        for (var start = 0; start < rows; start += chunk)
        {
            var count = Math.Min(chunk, rows - start);
            tape.Backend.Multiply(new QuantizedProduct { M = count, A = x.Data + (long)start * hidden, Weights = weight.Weights, C = logits, Bias = bias is null ? null : bias.Data });
            var nll = negativeLogLikelihoods is null ? null : negativeLogLikelihoods.Data + start;
            tape.Backend.CrossEntropy(Arguments(count, classes, logits, targets.Data + start, weights.Data + start, losses + start, nll, options, loss.RequiresGradient));
            if (dx != null) QuantizedLinearOperation.MultiplyByWeight(tape, count, logits, weight, dx + (long)start * hidden, accumulate: false);
            if (dbias != null) tape.Backend.AddColumnSums(count, classes, logits, dbias);
        }

        tape.Backend.Sum(rows, losses, 1, loss.Data);
        tape.Free(logits);
        tape.Free(losses);
        if (!loss.RequiresGradient) return loss;
        var operation = tape.Rent<RecordedHead>();
        operation.X = x;
        operation.Saved = dx;
        tape.Record(operation, loss);
        return loss;
    }

    /// <summary>Chunks of the same size, as few as fit, so that the last is no remnant.</summary>
    private static int RowsOfAChunk(int rows, int classes)
    {
        var chunks = Math.Max(1, ((long)rows * classes + ChunkFloats - 1) / ChunkFloats);
        return (int)Math.Max(16, (rows + chunks - 1) / chunks);
    }

    private static CrossEntropyArguments Arguments(
        int rows, int classes, float* logits, int* targets, float* weights, float* losses, float* negativeLogLikelihoods, in CrossEntropyOptions options, bool gradient) => new()
        {
            Rows = rows,
            Classes = classes,
            Logits = logits,
            Targets = targets,
            Weights = weights,
            Scale = options.Scale,
            LabelSmoothing = options.LabelSmoothing,
            ZLoss = options.ZLoss,
            ComputeGradient = gradient,
            Losses = losses,
            NegativeLogLikelihoods = negativeLogLikelihoods,
        };

    private sealed class RecordedLogits : Operation
    {
        public Tensor? Logits { get; set; }

        internal override void Backward(Tape tape)
        {
            var upstream = 0f;
            tape.Backend.CopyToHost(Output.Gradient, new Span<float>(ref upstream));
            var dx = tape.Gradient(Logits!, out var accumulate);
            tape.Backend.ScaleAdd(Logits!.Count, upstream, Saved, accumulate ? 1 : 0, dx);
        }

        internal override void Clear() => Logits = null;
    }

    private sealed class RecordedHead : Operation
    {
        public Tensor? X { get; set; }

        internal override void Backward(Tape tape)
        {
            var upstream = 0f;
            tape.Backend.CopyToHost(Output.Gradient, new Span<float>(ref upstream));
            if (upstream != 1) throw new InvalidOperationException("The gradient of head and cross-entropy is made in the forward pass: weigh this loss by its Scale, not afterwards.");
            if (Saved == null) return;
            var carrier = tape.NewCarrier(X!.Shape, Saved);
            Saved = null;
            tape.HandOn(carrier, X);
        }

        internal override void Clear() => X = null;
    }
}
