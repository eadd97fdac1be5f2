using Coppice.Adapters.Masks;
using Coppice.Adapters.Methods;
using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Training.Loop;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using Coppice.Training.Recipes;
using Coppice.Training.Schedules;

namespace Coppice.Adapters.Tests.Masks;

/// <summary>One group of layers a step.</summary>
public class HiftTests
{
    private static readonly OptimizerSection Adam = new() { WeightDecay = 0.1, DecayVectors = true };

    [Theory]
    [InlineData("gpt2", 3)]
    [InlineData("gpt2-untied", 4)]
    [InlineData("llama-untied", 4)]
    [InlineData("bert", 3)]
    public void Groups_are_the_embeddings_each_layer_and_what_follows_which_is_one_with_the_embeddings_where_they_are_the_head(string architecture, int groups)
    {
        using var adapted = new AdaptedModel("hift", architecture);
        var found = Hift.Groups(adapted.Model, new HiftSettings());
        Assert.Equal(groups, found.Count);
        Assert.Equal(adapted.Model.Parameters.Parameters.Select(parameter => parameter.Name).Order(), found.SelectMany(group => group).Order());
        Assert.Equal(groups - 1, Hift.Groups(adapted.Model, new HiftSettings { LayersPerGroup = 2 }).Count);
        Assert.Equal(found.Reverse().Select(group => group[0]), Hift.Groups(adapted.Model, new HiftSettings { Order = GroupOrder.TopDown }).Select(group => group[0]));
        Assert.Equal(found.Select(group => group[0]).Order(), Hift.Groups(adapted.Model, new HiftSettings { Order = GroupOrder.Random, Seed = 5 }).Select(group => group[0]).Order());
    }

    [Fact]
    public void Each_step_changes_one_group_and_a_cycle_all_of_them()
    {
        using var adapted = new AdaptedModel("hift", "gpt2-untied");
        var groups = Hift.Groups(adapted.Model, new HiftSettings());
        adapted.Set.Activate(AdaptedModel.Name);
        using var trainer = NewTrainer(adapted);
        var before = Values(adapted);
        for (var step = 0; step < 2 * groups.Count; step++)
        {
            trainer.Apply(trainer.ComputeGradients([AdaptedModel.Batch(step)], step), 0.01);
            var after = Values(adapted);
            Assert.Equal(groups[step % groups.Count].Order(), before.Keys.Where(name => !before[name].SequenceEqual(after[name])).Order());
            before = after;
        }

        adapted.Set.Deactivate();
    }

    [Fact]
    public void A_cycle_of_one_group_is_full_fine_tuning_to_the_bit()
    {
        Assert.Equal(Trained(parameters => new GroupCycle(parameters, [[.. parameters.Parameters.Select(parameter => parameter.Name)]])), Trained(_ => null));

        static float[] Trained(Func<ParameterSet, GradientTransform?> transform)
        {
            using var adapted = new AdaptedModel("full", "gpt2");
            adapted.Set.Activate(AdaptedModel.Name);
            using var trainer = NewTrainer(adapted, transform(adapted.Adapter.Parameters));
            for (var step = 0; step < 3; step++) trainer.Apply(trainer.ComputeGradients([AdaptedModel.Batch(step)], step), 0.01);
            return [.. Values(adapted).SelectMany(pair => pair.Value)];
        }
    }

    [Fact]
    public void The_corrections_of_adam_count_the_updates_of_the_group_alone()
    {
        // A group whose gradient is the same at each of its steps moves by the rate at each, whatever the others do between.
        using var backend = Backends.Create(1);
        using var parameters = new ParameterSet(backend, [new("a", new Shape(16)), new("b", new Shape(16))]);
        using var chain = OptimizerRegistry.Create(parameters, new OptimizerSection { WeightDecay = 0, ClipNorm = 0 }, new GroupCycle(parameters, [["a"], ["b"]]));
        for (var step = 0; step < 6; step++)
        {
            chain.Begin(step);
            parameters.Gradients!.CopyFrom([.. Enumerable.Repeat(2f, 32)], 0);
            chain.Step(0.5, 1);
            var moved = -0.5f * (step / 2 + 1);
            Assert.All(parameters["a"].Tensor.ToArray(), value => Assert.Equal(moved, value, 1e-5f));
            Assert.All(parameters["b"].Tensor.ToArray(), value => Assert.Equal(step % 2 == 1 ? moved : moved + 0.5f, value, 1e-5f));
        }
    }

    [Fact]
    public void Training_that_was_interrupted_within_a_cycle_goes_on_to_the_same_bits()
    {
        Assert.Equal(Trained(interruptedAt: -1), Trained(interruptedAt: 4));

        static float[] Trained(int interruptedAt)
        {
            using var adapted = new AdaptedModel("hift", "gpt2");
            adapted.Set.Activate(AdaptedModel.Name);
            var trainer = NewTrainer(adapted);
            for (var step = 0; step < 7; step++)
            {
                if (step == interruptedAt)
                {
                    var (values, state, updates) = (Flat(adapted.Adapter.Parameters.Values), trainer.Optimizer.State.Select(entry => Flat(entry.Buffer)).ToList(), trainer.Optimizer.Updates);
                    trainer.Dispose();
                    adapted.Set.Deactivate();
                    adapted.Adapter.Parameters.Values.CopyFrom(values, 0);
                    adapted.Set.Activate(AdaptedModel.Name);
                    trainer = NewTrainer(adapted);
                    trainer.Optimizer.Updates = updates;
                    foreach (var (entry, saved) in trainer.Optimizer.State.Zip(state)) entry.Buffer.CopyFrom(saved, 0);
                }

                trainer.Apply(trainer.ComputeGradients([AdaptedModel.Batch(step)], step), 0.01);
            }

            trainer.Dispose();
            return Flat(adapted.Adapter.Parameters.Values);
        }
    }

    [Fact]
    public void No_backward_pass_goes_below_the_group()
    {
        using var adapted = new AdaptedModel("hift", "gpt2-untied");
        var groups = Hift.Groups(adapted.Model, new HiftSettings());
        adapted.Set.Activate(AdaptedModel.Name);
        using var trainer = NewTrainer(adapted);
        var peaks = new long[groups.Count];
        for (var step = 0; step < 2 * groups.Count; step++)
        {
            trainer.Arena.ResetPeak();
            trainer.ComputeGradients([AdaptedModel.Batch(0)], step);
            peaks[step % groups.Count] = trainer.Arena.PeakBytes;
        }

        // From the embeddings to the head the groups need less and less.
        Assert.Equal(peaks.OrderDescending(), peaks);
        Assert.True(peaks[^1] < 0.75 * peaks[0], string.Join(", ", peaks));
        adapted.Set.Deactivate();
    }

    [Fact]
    public void The_learning_rate_changes_between_cycles_alone()
    {
        var schedule = new CycleSchedule(new ByStepAndTokens(), 3);
        Assert.Equal([0, 0, 0, 303, 303, 303, 606], Enumerable.Range(0, 7).Select(step => schedule.LearningRate(step, 100 * step)));
        Assert.Equal(505, new CycleSchedule(new ByStepAndTokens(), 1).LearningRate(5, 500));
    }

    [Fact]
    public void A_group_without_layers_is_refused()
    {
        using var adapted = new AdaptedModel("full", "gpt2");
        Assert.Throws<CoppiceException>(() => adapted.Set.Add("other", new AdapterSettings { Method = "hift", Hift = new HiftSettings { LayersPerGroup = 0 } }, seed: 1));
    }

    private static Trainer NewTrainer(AdaptedModel adapted) => NewTrainer(adapted, adapted.Adapter.CreateTraining(10).Transform);

    private static Trainer NewTrainer(AdaptedModel adapted, GradientTransform? transform) =>
        new(adapted.Model, new CausalObjective(), OptimizerRegistry.Create(adapted.Adapter.Parameters, Adam, transform), seed: 3, parameters: adapted.Adapter.Parameters);

    private static Dictionary<string, float[]> Values(AdaptedModel adapted) => adapted.Adapter.Parameters.Parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Tensor.ToArray());

    private static float[] Flat(FlatBuffer buffer)
    {
        var values = new float[buffer.Count];
        buffer.CopyTo(0, values);
        return values;
    }

    private sealed class ByStepAndTokens : ISchedule
    {
        public double LearningRate(long step, long tokens) => step + tokens;
    }
}
