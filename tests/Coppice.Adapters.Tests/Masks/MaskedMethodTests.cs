using Coppice.Adapters.Methods;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Loop;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using Coppice.Training.Recipes;

namespace Coppice.Adapters.Tests.Masks;

/// <summary>Methods that train some coordinates of the model's own parameters.</summary>
public class MaskedMethodTests
{
    private static readonly OptimizerSection Momentum = new() { Name = "sgd", Momentum = 0.9, WeightDecay = 0.1, DecayVectors = true };

    private static readonly OptimizerSection Adam = new() { WeightDecay = 0.1, DecayVectors = true };

    [Theory]
    [InlineData("fish", "gpt2", true)]
    [InlineData("fish", "llama", false)]
    [InlineData("fish", "bert", false)]
    [InlineData("neft", "gpt2", false)]
    [InlineData("neft", "llama", true)]
    public void Off_the_mask_no_bit_changes_with_momentum_and_weight_decay_on(string method, string architecture, bool momentum)
    {
        using var adapted = new AdaptedModel(method, architecture);
        var (before, mask) = (Bits(adapted), adapted.Adapter.Mask!);
        Train(adapted, momentum ? Momentum : Adam, steps: 4);
        var after = Bits(adapted);
        var moved = 0;
        for (var i = 0; i < before.Length; i++)
        {
            if (!mask.Contains(i)) Assert.Equal(before[i], after[i]);
            else if (before[i] != after[i]) moved++;
        }

        Assert.InRange(moved, mask.Count / 2, mask.Count);
    }

    [Fact]
    public void Fish_trains_as_many_as_its_share_says_and_a_head_counts()
    {
        using var adapted = new AdaptedModel("fish", "gpt2");
        Assert.Equal((long)Math.Floor(0.2 * adapted.Model.Parameters.Count), adapted.Adapter.Mask!.Count);
        Assert.Equal(5 * 1000 - 200, FishMask.CountOf(new FishSettings { Share = 0.5, HeadParameters = 200 }, 9800));
        Assert.Contains("head", Assert.Throws<CoppiceException>(() => FishMask.CountOf(new FishSettings { HeadParameters = 200 }, 9800)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fish_squares_gradients_example_by_example_so_that_opposite_ones_do_not_cancel()
    {
        using var adapted = new AdaptedModel("full", "gpt2");
        var fish = adapted.Set.Add("fish", MethodTable.Of("fish").Settings, seed: 1);
        var objective = new SignedSum();
        var (plus, minus) = (Example(1), Example(0));
        adapted.Set.Prepare("fish", objective, [plus, minus], seed: 1);
        adapted.Set.Activate(AdaptedModel.Name);
        var parameters = adapted.Adapter.Parameters;
        using var trainer = new Trainer(adapted.Model, objective, new OptimizerChain(parameters, []), seed: 1, parameters: parameters);
        trainer.ComputeGradients([plus, minus], 0);
        Assert.All(parameters.Parameters, parameter => Assert.All(parameter.Tensor.GradientToArray(), value => Assert.Equal(0, value)));
        trainer.ComputeGradients([plus], 0);
        var expected = new Adapters.Masks.CoordinateMask(parameters.Values.Count);
        expected.AddLargest(parameters.Gradients!, parameters.Parameters, fish.Mask!.Count);
        Assert.True(trainer.ComputeGradients([plus], 0).GradientNorm > 0);
        // Squares of tiny gradients may round to the same number, so that a few change places with their equals.
        var same = Enumerable.Range(0, (int)parameters.Values.Count).Count(i => expected.Contains(i) && fish.Mask.Contains(i));
        Assert.InRange(same, 0.99 * fish.Mask.Count, fish.Mask.Count);
    }

    [Fact]
    public void Methods_that_choose_by_examples_refuse_to_be_trained_before_they_saw_any()
    {
        using var adapted = new AdaptedModel("full", "gpt2");
        foreach (var method in new[] { "fish", "neft" })
        {
            var unprepared = adapted.Set.Add(method, new AdapterSettings { Method = method }, seed: 1);
            Assert.Contains("examples", Assert.Throws<CoppiceException>(() => unprepared.CreateTraining(3)).Message, StringComparison.Ordinal);
            Assert.Throws<CoppiceException>(() => adapted.Set.Prepare(method, new CausalObjective(), [], seed: 1));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Gmt_of_everything_is_full_fine_tuning_to_the_bit(bool strict)
    {
        Assert.Equal(Trained(new() { Method = "full" }, Adam), Trained(new() { Method = "gmt", Gmt = new GmtSettings { Share = 1, Strict = strict } }, Adam));
    }

    [Fact]
    public void Gmt_changes_the_asked_share_of_each_tensor_at_a_step_rounded_up()
    {
        using var adapted = new AdaptedModel("gmt", "llama", new() { Method = "gmt", Gmt = new GmtSettings { Share = 0.3, Strict = true } });
        var before = adapted.Adapter.Parameters.Parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Tensor.ToArray());
        Train(adapted, Adam, steps: 1, rate: 0.1);
        foreach (var parameter in adapted.Adapter.Parameters.Parameters)
        {
            var changed = parameter.Tensor.ToArray().Zip(before[parameter.Name]).Count(pair => pair.First != pair.Second);
            // Where fewer have a gradient (of embeddings those of tokens that came by), weight decay moves the others that are kept.
            Assert.Equal((int)Math.Ceiling(0.3 * parameter.Count), changed);
        }
    }

    [Fact]
    public void Gmt_is_the_same_strict_or_not_without_momentum_and_is_not_with()
    {
        var plain = new OptimizerSection { Name = "sgd", Momentum = 0, WeightDecay = 0 };
        Assert.Equal(Trained(Gmt(strict: true), plain), Trained(Gmt(strict: false), plain));
        Assert.NotEqual(Trained(Gmt(strict: true), Adam), Trained(Gmt(strict: false), Adam));

        static AdapterSettings Gmt(bool strict) => new() { Method = "gmt", Gmt = new GmtSettings { Share = 0.3, Strict = strict } };
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    public void Neft_chooses_the_neurons_that_full_fine_tuning_turns_most_and_begins_from_the_base(string architecture)
    {
        var settings = new NeftSettings { Share = 0.3, ProbeRate = 0.01 };
        using var adapted = new AdaptedModel("neft", architecture, new() { Method = "neft", Neft = settings });
        var full = adapted.Set.Add("full", new AdapterSettings { Method = "full" }, seed: 1);
        adapted.Set.Activate("full");
        using (var trainer = new Trainer(adapted.Model, new CausalObjective(), OptimizerRegistry.Create(full.Parameters, new OptimizerSection { WeightDecay = 0 }), seed: 11, parameters: full.Parameters))
        {
            for (var step = 0; step < 2; step++) trainer.Apply(trainer.ComputeGradients([AdaptedModel.Batch(step)], step), settings.ProbeRate);
        }

        adapted.Set.Deactivate();
        var (chosen, others) = (new List<double>(), new List<double>());
        foreach (var projection in adapted.Model.Projections.Select(slot => (DenseProjection)slot.Own))
        {
            var (before, after) = (Neurons(projection, projection.Weight.Tensor.ToArray()), Neurons(projection, full.Parameters[projection.Weight.Name].Tensor.ToArray()));
            var places = Neurons(projection, [.. Enumerable.Range(0, (int)projection.Weight.Count).Select(i => adapted.Adapter.Mask!.Contains(adapted.Adapter.Parameters[projection.Weight.Name].Offset + i) ? 1f : 0f)]);
            for (var i = 0; i < before.Length; i++)
            {
                Assert.Single(places[i].Distinct());
                (places[i][0] == 1 ? chosen : others).Add(before[i].Zip(after[i], (a, b) => (double)a * b).Sum() / Math.Sqrt(before[i].Sum(a => (double)a * a) * after[i].Sum(b => (double)b * b)));
            }
        }

        Assert.Equal((int)Math.Ceiling(0.3 * (chosen.Count + others.Count)), chosen.Count);
        Assert.True(chosen.Max() <= others.Min() + 1e-12);
        Assert.Equal(adapted.Output(), adapted.AdaptedOutput());
    }

    [Theory]
    [InlineData("{\"Share\":0}")]
    [InlineData("{\"Share\":1.5}")]
    public void Shares_that_are_none_are_refused(string json)
    {
        var share = System.Text.Json.JsonDocument.Parse(json).RootElement.GetProperty("Share").GetDouble();
        using var adapted = new AdaptedModel("full", "gpt2");
        foreach (var settings in new[]
        {
            new AdapterSettings { Method = "fish", Fish = new FishSettings { Share = share } }, new AdapterSettings { Method = "gmt", Gmt = new GmtSettings { Share = share } },
            new AdapterSettings { Method = "neft", Neft = new NeftSettings { Share = share } }, new AdapterSettings { Method = "full", Layers = [1] },
        })
        {
            Assert.Throws<CoppiceException>(() => adapted.Set.Add("other", settings, seed: 1));
        }
    }

    internal static void Train(AdaptedModel adapted, OptimizerSection optimizer, int steps, double rate = 0.02, int first = 0)
    {
        adapted.Set.Activate(AdaptedModel.Name);
        var parameters = adapted.Adapter.Parameters;
        using (var trainer = new Trainer(adapted.Model, new CausalObjective(), OptimizerRegistry.Create(parameters, optimizer, adapted.Adapter.CreateTraining(steps).Transform), seed: 3, parameters: parameters))
        {
            for (var step = first; step < first + steps; step++) trainer.Apply(trainer.ComputeGradients([AdaptedModel.Batch(step)], step), rate);
        }

        adapted.Set.Deactivate();
    }

    private static float[] Trained(AdapterSettings settings, OptimizerSection optimizer)
    {
        using var adapted = new AdaptedModel(settings.Method, "gpt2", settings);
        Train(adapted, optimizer, steps: 4);
        return [.. adapted.Adapter.Parameters.Parameters.SelectMany(parameter => parameter.Tensor.ToArray())];
    }

    // Neurons are columns where the matrix lies inputs by outputs.
    private static float[][] Neurons(DenseProjection projection, float[] values) =>
        [.. Enumerable.Range(0, projection.Outputs).Select(output => Enumerable.Range(0, projection.Inputs)
            .Select(input => values[projection.Layout == WeightLayout.OutputsByInputs ? output * projection.Inputs + input : input * projection.Outputs + output]).ToArray())];

    private static int[] Bits(AdaptedModel adapted)
    {
        var values = new float[adapted.Adapter.Parameters.Values.Count];
        adapted.Adapter.Parameters.Values.CopyTo(0, values);
        return Array.ConvertAll(values, BitConverter.SingleToInt32Bits);
    }

    private static PackedBatch Example(int target)
    {
        var batch = new PackedBatch();
        batch.Add([3, 5, 8], [target, target, target], [1, 0, 0]);
        return batch;
    }

    /// <summary>A loss whose sign is the target's: gradients of both targets are opposite to the bit.</summary>
    private sealed class SignedSum : IObjective
    {
        public Tensor Loss(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch, float scale)
        {
            input.Set(tape, batch);
            return tape.Scale(tape.Sum(tape.Apply(model.Hidden(tape, input), PointwiseFunction.Tanh)), batch.Targets[0] == 1 ? 1 : -1);
        }
    }
}
