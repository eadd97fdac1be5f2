using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Training.Loop;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using Coppice.Training.Recipes;

namespace Coppice.Adapters.Tests.Methods;

/// <summary>QLoRA: adapters of a base whose weights are quantised.</summary>
public class QuantizedBaseTests
{
    public static TheoryData<string, string, Quantization> All
    {
        get
        {
            var data = new TheoryData<string, string, Quantization>();
            foreach (var row in MethodTable.Rows.Where(row => row.TakesQuantizedBase))
            {
                foreach (var architecture in row.Architectures)
                {
                    data.Add(row.Name, architecture, Quantization.Int8);
                    data.Add(row.Name, architecture, Quantization.Int4);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Whatever_does_not_train_weights_trains_on_it_and_leaves_it_as_it_was(string method, string architecture, Quantization quantization)
    {
        using var backend = Backends.Create(1);
        using var dense = TinyModels.Create(architecture, backend);
        using var model = QuantizedModel.Of(dense, quantization);
        using var set = new AdapterSet(model);
        var adapter = set.Add("a", AdaptedModel.Settings(method), seed: 11);
        var before = AdaptedModel.Output(model);
        set.Activate("a");
        var start = AdaptedModel.Output(model);
        if (MethodTable.Of(method).AtFirst == AtFirst.Nothing) Assert.Equal(before, start);
        var losses = Train(model, adapter, 12);
        Assert.True(losses[^1] < losses[0], $"{losses[0]} to {losses[^1]}");
        Assert.True(AdaptedModel.RelativeError(start, AdaptedModel.Output(model)) > 1e-3);
        set.Deactivate();
        Assert.Equal(before, AdaptedModel.Output(model));
    }

    [Theory]
    [InlineData("llama", Quantization.Int8)]
    [InlineData("llama", Quantization.Int4)]
    [InlineData("gpt2", Quantization.Int8)]
    [InlineData("gpt2", Quantization.Int4)]
    public void Gradients_are_near_those_on_the_same_weights_in_float32(string architecture, Quantization quantization)
    {
        using var backend = Backends.Create(2);
        using var dense = TinyModels.Create(architecture, backend);
        using var quantized = QuantizedModel.Of(dense, quantization);
        foreach (var (own, slot) in dense.Projections.Select(slot => (DenseProjection)slot.Own).Zip(quantized.Projections))
        {
            var weight = new TargetModule(slot, 1, 1, ScalesInput: false).ReadWeight();
            own.Weight.Tensor.CopyFrom(own.Layout == WeightLayout.OutputsByInputs ? weight : TargetModule.Transposed(weight, own.Outputs, own.Inputs));
        }

        // What is left is the rounding of activations and of the tables.
        var (expected, actual) = (Gradients(dense), Gradients(quantized));
        var (error, size) = (0.0, 0.0);
        for (var i = 0; i < expected.Length; i++)
        {
            error += Math.Pow((double)expected[i] - actual[i], 2);
            size += Math.Pow(expected[i], 2);
        }

        Assert.True(Math.Sqrt(error / size) < 0.1, $"{Math.Sqrt(error / size)}");

        static float[] Gradients(LanguageModel model)
        {
            using var set = new AdapterSet(model);
            var adapter = set.Add("a", AdaptedModel.Settings("lora"), seed: 11);
            set.Activate("a");
            using var trainer = NewTrainer(model, adapter);
            trainer.ComputeGradients([AdaptedModel.Batch(0)], 0);
            var gradients = new float[adapter.Parameters.Gradients!.Count];
            adapter.Parameters.Gradients.CopyTo(0, gradients);
            set.Deactivate();
            return gradients;
        }
    }

    [Fact]
    public void Threads_and_recomputation_change_no_bit_of_training()
    {
        Assert.Equal(Trained(threads: 1, recomputing: false), Trained(threads: 2, recomputing: true));

        static float[] Trained(int threads, bool recomputing)
        {
            using var backend = Backends.Create(threads);
            using var dense = TinyModels.Create("llama", backend);
            using var model = QuantizedModel.Of(dense, Quantization.Int4);
            using var set = new AdapterSet(model);
            var adapter = set.Add("a", AdaptedModel.Settings("lora"), seed: 11);
            set.Activate("a");
            Train(model, adapter, 3, recomputing);
            set.Deactivate();
            return [.. adapter.Parameters.Parameters.SelectMany(parameter => parameter.Tensor.ToArray())];
        }
    }

    [Fact]
    public void Layers_and_modules_of_it_are_refused_and_so_is_merging_into_it()
    {
        using var backend = Backends.Create(1);
        using var dense = TinyModels.Create("gpt2", backend);
        using var model = QuantizedModel.Of(dense, Quantization.Int8);
        using var set = new AdapterSet(model);
        Assert.Contains("quantised", Assert.Throws<Foundation.CoppiceException>(() => set.Add("a", AdaptedModel.Settings("layers"), seed: 1)).Message, StringComparison.Ordinal);
        Assert.Contains("quantised", Assert.Throws<Foundation.CoppiceException>(() => set.Add("a", AdaptedModel.Settings("lora") with { ModulesToSave = ["mlp.c_fc"] }, seed: 1)).Message, StringComparison.Ordinal);
        set.Add("b", AdaptedModel.Settings("lora"), seed: 1);
        Assert.Contains("quantised", Assert.Throws<Foundation.CoppiceException>(() => AdapterMerge.Into(set, "b")).Message, StringComparison.Ordinal);
        Assert.Throws<Foundation.CoppiceException>(() => new Trainer(model, new CausalObjective(), OptimizerRegistry.Create(set["b"].Parameters, new OptimizerSection()), seed: 1));
    }

    private static List<double> Train(LanguageModel model, Adapter adapter, int steps, bool recomputing = false)
    {
        using var trainer = NewTrainer(model, adapter);
        trainer.Recomputing = recomputing;
        var losses = new List<double>();
        for (var step = 0; step < steps; step++)
        {
            var result = trainer.ComputeGradients([AdaptedModel.Batch(0)], step);
            losses.Add(result.Loss);
            trainer.Apply(result, 0.01);
        }

        return losses;
    }

    private static Trainer NewTrainer(LanguageModel model, Adapter adapter) => new(
        model, new CausalObjective(), OptimizerRegistry.Create(adapter.Parameters, new OptimizerSection { WeightDecay = 0 }), seed: 3, parameters: adapter.Parameters);
}
