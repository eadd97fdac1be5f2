using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>What a model answers to examples, and what is right. Of a text, the answer is 0 where every token of it would have been written, and 1 elsewhere.</summary>
/// <param name="Guessed">[examples][items]: one item for a text or a class, one for each word.</param>
/// <param name="Right">As many.</param>
/// <param name="Numbers">[examples]: the number of each in the data, by which answers of models with other tokenizers find each other.</param>
public sealed record TaskAnswers(IReadOnlyList<int[]> Guessed, IReadOnlyList<int[]> Right, IReadOnlyList<int> Numbers)
{
    /// <summary>The share of right answers, with its 95 % interval.</summary>
    public BootstrapInterval Accuracy => BootstrapInterval.Of<int>([.. Guessed.SelectMany(items => items)], [.. Right.SelectMany(items => items)], Adapters.Accuracy.Of);

    /// <summary>Asks a model.</summary>
    /// <param name="task">The model.</param>
    /// <param name="examples">Examples that it rendered.</param>
    /// <param name="batchTokens">Tokens of a batch.</param>
    /// <param name="cancellationToken">Ends it between two batches.</param>
    /// <exception cref="CoppiceException">The model's numbers are not finite.</exception>
    public static TaskAnswers Of(TaskModel task, IReadOnlyList<TaskExample> examples, int batchTokens = 4096, CancellationToken cancellationToken = default)
    {
        var (guessed, right) = (new List<int[]>(), new List<int[]>());
        var (rows, input) = (new PredictionRows(task), new ModelInput(task.Model));
        using var tape = new Tape(task.Model.Backend) { Recording = false };
        foreach (var batch in TaskPacking.InOrder(examples, batchTokens))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var x = rows.Compute(tape, input, batch);
            var (values, width) = (x.ToArray(), x.Columns);
            tape.Reset();
            if (!values.All(float.IsFinite)) throw new CoppiceException("The model's numbers are not finite: its weights are damaged, or its training diverged.");
            var guesses = rows.Guesses(tape, values, width);
            var row = 0;
            for (var end = batch.Sources[batch.Count - 1] + 1; guessed.Count < end;)
            {
                var count = examples[guessed.Count].CountedTargets;
                var mine = guesses.AsSpan(row, count);
                var truth = rows.Targets.Slice(row, count);
                row += count;
                guessed.Add(task.Head is null ? [mine.SequenceEqual(truth) ? 0 : 1] : mine.ToArray());
                right.Add(task.Head is null ? [0] : truth.ToArray());
            }
        }

        return new TaskAnswers(guessed, right, [.. examples.Select(example => example.Number)]);
    }

    /// <summary>What changed from these answers to those of another model, over the examples that both could read.</summary>
    /// <param name="after">The other's.</param>
    /// <exception cref="CoppiceException">There is no such example.</exception>
    public Flips FlipsTo(TaskAnswers after)
    {
        var places = after.Numbers.Select((number, place) => (number, place)).ToDictionary(pair => pair.number, pair => pair.place);
        var (before, then, right) = (new List<int>(), new List<int>(), new List<int>());
        for (var i = 0; i < Numbers.Count; i++)
        {
            // Words without a token of their own in one of the two are answered by the other alone.
            if (!places.TryGetValue(Numbers[i], out var place) || !Right[i].AsSpan().SequenceEqual(after.Right[place])) continue;
            before.AddRange(Guessed[i]);
            then.AddRange(after.Guessed[place]);
            right.AddRange(Right[i]);
        }

        return right.Count > 0 ? Flips.Of(before, then, right) : throw new CoppiceException("the two models have no example in common that both can read");
    }
}
