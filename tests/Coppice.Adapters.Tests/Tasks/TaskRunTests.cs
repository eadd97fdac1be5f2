using Coppice.Corpus;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Training.Optimizers;
using Coppice.Training.Recipes;
using Coppice.Training.Schedules;

namespace Coppice.Adapters.Tests;

public sealed class TaskRunTests : IDisposable
{
    private static readonly ConstantSchedule Schedule = new(new ScheduleSettings { PeakLearningRate = 0.02, Total = 1000 });

    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_head_learns_to_tell_documents_apart_on_a_model_that_stays_as_it_is(bool frozen)
    {
        using var model = TinyModels.Create("llama", _backend, trainable: !frozen);
        using var head = new TaskHead(model, 2);
        head.Initialize(1);
        var (before, examples) = (Values(model.Parameters), Examples(40));
        var objective = new SequenceClassificationObjective(head, Pooling.Last);
        using var trainer = NewTrainer(model, objective, frozen ? [head.Parameters] : [head.Parameters, model.Parameters]);
        using var evaluator = new TaskEvaluator(model);
        var start = evaluator.Loss(objective, examples);
        var result = TaskRun.Train(trainer, [head.Parameters], new TaskSampler(examples, 8, 64, seed: 3), Schedule, new TaskRunOptions { Epochs = frozen ? 120 : 30 });
        Assert.Equal(frozen ? 600 : 150, result.Steps);
        Assert.True(evaluator.Loss(objective, examples) < (frozen ? 0.9 : 0.5) * start, $"{start} before, {evaluator.Loss(objective, examples)} after");
        Assert.True(Accuracy.Of(TaskGuesses.Classes(evaluator.Scores(objective, examples)), TaskGuesses.RightClasses(examples)) > (frozen ? 0.7 : 0.9));
        if (frozen) Assert.Equal(before, Values(model.Parameters));
        else Assert.NotEqual(before, Values(model.Parameters));
    }

    [Fact]
    public void Micro_batches_add_up_to_the_gradient_of_the_step()
    {
        using var model = TinyModels.Create("llama", _backend, trainable: true);
        using var head = new TaskHead(model, 2);
        head.Initialize(1);
        using var trainer = NewTrainer(model, new SequenceClassificationObjective(head, Pooling.Mean), [head.Parameters, model.Parameters]);
        var examples = Examples(12);
        var whole = trainer.ComputeGradients(new TaskSampler(examples, 12, 10_000, 1).Next(), 0);
        var expected = Gradients(model.Parameters);
        var parts = new TaskSampler(examples, 12, 20, 1).Next();
        Assert.True(parts.Length > 3);
        var result = trainer.ComputeGradients(parts, 0);
        Assert.Equal((12, 12), (whole.CountedTokens, result.CountedTokens));
        Assert.Equal(whole.Loss, result.Loss, 1e-5);
        Assert.Equal(expected, Gradients(model.Parameters), (a, b) => Math.Abs(a - b) <= 1e-5);
    }

    [Fact]
    public void The_weights_of_the_best_measurement_are_in_place_at_the_end()
    {
        using var model = TinyModels.Create("llama", _backend);
        using var head = new TaskHead(model, 2);
        head.Initialize(1);
        var examples = Examples(8);
        using var trainer = NewTrainer(model, new SequenceClassificationObjective(head, Pooling.Last), [head.Parameters]);
        var measured = new List<float[]>();
        double[] values = [3, 1, 2, double.NaN, 0];
        var result = TaskRun.Train(
            trainer, [head.Parameters], new TaskSampler(examples, 4, 64, 1), Schedule, new TaskRunOptions { Epochs = 5, Patience = 2 }, () =>
            {
                measured.Add(Values(head.Parameters));
                return values[measured.Count - 1];
            });
        Assert.Equal((8L, 1.0, 4L, true), (result.Steps, result.Best, result.BestStep, result.Stopped));
        Assert.Equal(measured[1], Values(head.Parameters));
        Assert.NotEqual(measured[3], Values(head.Parameters));
    }

    [Fact]
    public void Each_epoch_has_each_example_once_in_another_order_and_a_place_can_be_gone_to()
    {
        var examples = Examples(7);
        var sampler = new TaskSampler(examples, 3, 40, seed: 5);
        var drawn = Enumerable.Range(0, 14).Select(_ => Draw(sampler)).SelectMany(numbers => numbers).ToList();
        var epochs = drawn.Chunk(7).ToList();
        Assert.All(epochs, epoch => Assert.Equal(Enumerable.Range(0, 7), epoch.Order()));
        Assert.NotEqual(epochs[0], epochs[1]);
        Assert.Equal(3, sampler.StepsPerEpoch);
        Assert.Equal(drawn.Skip(9).Take(3), Draw(new TaskSampler(examples, 3, 40, seed: 5) { Drawn = 9 }));
        // What a micro-batch may hold changes no order.
        Assert.Equal(drawn.Take(3), Draw(new TaskSampler(examples, 3, 1, seed: 5)));
        Assert.NotEqual(drawn.Take(7), Draw(new TaskSampler(examples, 7, 40, seed: 6)));
    }

    [Fact]
    public void The_documents_of_an_example_stay_together_and_positions_begin_anew()
    {
        TaskExample[] examples = [.. Enumerable.Range(0, 3).Select(i => new TaskExample([TaskDocument.Labelled([1, 2, 3], 0, 0), TaskDocument.Labelled([4, 5], 1, 1)], "here"))];
        var batches = new TaskSampler(examples, 3, 10, seed: 1).Next();
        Assert.Equal(2, batches.Length);
        Assert.Equal([1, 2, 3, 4, 5, 1, 2, 3, 4, 5], batches[0].Tokens[..batches[0].Count]);
        Assert.Equal([0, 1, 2, 0, 1, 0, 1, 2, 0, 1], batches[0].Positions[..batches[0].Count]);
        Assert.Equal((4, 2), (batches[0].DocumentCount, batches[0].CountedTokens));
        Assert.Equal(5, batches[1].Count);
    }

    private static List<int> Draw(TaskSampler sampler)
    {
        var numbers = new List<int>();
        foreach (var batch in sampler.Next())
        {
            for (var document = 0; document < batch.DocumentCount; document++) numbers.Add(batch.Sources[batch.CumulativeLengths[document]]);
        }

        return numbers;
    }

    /// <summary>Documents that end with one of two tokens, which decides their class.</summary>
    private static List<TaskExample> Examples(int count) => [.. Enumerable.Range(0, count).Select(i =>
        new TaskExample([TaskDocument.Labelled([.. TinyModels.Tokens(3 + i % 5, seed: (ulong)i), i % 2 == 0 ? 7 : 31], i % 2, 1)], "here"))];

    private static TaskTrainer NewTrainer(LanguageModel model, SequenceClassificationObjective objective, IReadOnlyList<ParameterSet> sets) =>
        new(model, objective, [.. sets.Select(set => new TrainedParameters(set, OptimizerRegistry.Create(set, new OptimizerSection { WeightDecay = 0 })))], seed: 1);

    private static float[] Values(ParameterSet set) => Copy(set.Values);

    private static float[] Gradients(ParameterSet set) => Copy(set.Gradients!);

    private static float[] Copy(FlatBuffer buffer)
    {
        var values = new float[buffer.Count];
        buffer.CopyTo(0, values);
        return values;
    }
}
