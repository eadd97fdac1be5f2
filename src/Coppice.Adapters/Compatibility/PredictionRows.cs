using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Objectives;

namespace Coppice.Adapters;

/// <summary>
/// The rows from which a task's answers are told: those of the tokens of answers, of documents, or of words; and what multiplies them. With it, tasks of text and of
/// classes are one: a distribution over classes for each row.
/// </summary>
/// <param name="task">The model with its head.</param>
internal sealed class PredictionRows(TaskModel task)
{
    // Logits that exist at a time, in floats.
    private const int ChunkFloats = 4 << 20;

    private readonly CountedRows _counted = new();

    /// <summary>Where the rows are in the batch that was computed last.</summary>
    public ReadOnlySpan<int> Rows => _counted.Rows;

    /// <summary>The right classes of the rows.</summary>
    public ReadOnlySpan<int> Targets => _counted.Targets;

    /// <summary>What the rows count.</summary>
    public ReadOnlySpan<float> Weights => _counted.Weights;

    /// <summary>[classes, width].</summary>
    public Tensor Weight => task.Head is { } head ? head.Parameters["score.weight"].Tensor : task.Model.Head.Tensor;

    /// <summary>[classes], or null.</summary>
    public Tensor? Bias => task.Head is { } head ? head.Parameters["score.bias"].Tensor : task.Model.HeadBias?.Tensor;

    /// <summary>Computes the rows of a batch.</summary>
    /// <returns>[rows, width].</returns>
    public Tensor Compute(Tape tape, ModelInput input, PackedBatch batch)
    {
        input.Set(tape, batch);
        _counted.Find(batch);
        var hidden = task.Model.Hidden(tape, input);
        if (task.Description is { Task: HeadTask.Classes } description) return tape.Pool(hidden, batch, description.Pooling);
        var gathered = _counted.Gather(tape, hidden);
        return task.Head is null ? task.Model.Predictor(tape, gathered) : gathered;
    }

    /// <summary>The most probable class of each row, of equal ones the first.</summary>
    /// <param name="scratch">A tape that records nothing; reset here.</param>
    /// <param name="values">[rows, width].</param>
    /// <param name="width">Columns of a row.</param>
    public int[] Guesses(Tape scratch, float[] values, int width)
    {
        var (rows, classes) = (values.Length / width, Weight.Rows);
        var guesses = new int[rows];
        var chunk = Math.Max(1, ChunkFloats / classes);
        for (var start = 0; start < rows; start += chunk)
        {
            var count = Math.Min(chunk, rows - start);
            var logits = scratch.Linear(scratch.Constant(new Shape(count, width), values.AsSpan(start * width, count * width)), Weight, Bias).ToArray();
            for (var row = 0; row < count; row++) guesses[start + row] = Largest(logits.AsSpan(row * classes, classes));
            scratch.Reset();
        }

        return guesses;
    }

    private static int Largest(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best]) best = i;
        }

        return best;
    }
}
