using System.Globalization;
using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tensors.Storage;
using Coppice.Testing;
using Coppice.Training.Loop;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;

namespace Coppice.Training.Tests.Optimizers;

public sealed class OptimizerOracleTests
{
    [SharedDataTheory("oracles/optimizers")]
    [InlineData("adamw")]
    [InlineData("adamw_clip")]
    [InlineData("amsgrad")]
    [InlineData("sgd_momentum")]
    public void Ten_steps_are_reproduced(string name)
    {
        using var oracle = SafetensorsFile.Open(SharedData.At($"oracles/optimizers/{name}.safetensors"));
        using var reference = SafetensorsFile.Open(SharedData.At("oracles/models/llama/io.safetensors"));
        using var backend = Backends.Create(threads: 2);
        using var model = ModelDirectory.Load(SharedData.At("oracles/models/llama"), backend, trainable: true);
        using var trainer = new Trainer(model, new CausalObjective(), new OptimizerChain(model.Parameters, Chain(oracle.Metadata, model.Parameters)), seed: 0);
        var batch = Batch(reference);
        var losses = oracle.ReadFloats("losses");
        var norms = oracle.ReadFloats("grad_norms");
        for (var step = 0; step < losses.Length; step++)
        {
            var result = trainer.ComputeGradients([batch], step);
            Assert.Equal(losses[step], result.Loss, 2e-4);
            Assert.Equal(norms[step], result.GradientNorm, 2e-4 * norms[step]);
            trainer.Apply(result, Number(oracle.Metadata, "lr"));
        }

        foreach (var parameter in model.Parameters.Parameters)
        {
            var expected = oracle.ReadFloats("final." + parameter.Name);
            var actual = parameter.Tensor.ToArray();
            var difference = Math.Sqrt(expected.Zip(actual, (e, a) => Math.Pow((double)e - a, 2)).Sum());
            var norm = Math.Sqrt(expected.Sum(e => (double)e * e));
            Assert.True(difference <= 2e-4 * norm, $"{parameter.Name}: relative error {difference / norm}");
        }
    }

    private static List<GradientTransform> Chain(IReadOnlyDictionary<string, string> settings, ParameterSet parameters)
    {
        var chain = new List<GradientTransform>();
        var decay = Number(settings, "weight_decay");
        if (settings.ContainsKey("clip_global_norm")) chain.Add(new ClipByGlobalNorm(Number(settings, "clip_global_norm")));
        if (settings.ContainsKey("momentum"))
        {
            // PyTorch's SGD decays before the momentum, vectors too.
            chain.Add(new AddDecayedWeights(decay, vectors: true));
            chain.Add(new ScaleByMomentum(parameters, Number(settings, "momentum"), settings["nesterov"] == "True"));
        }
        else
        {
            chain.Add(new ScaleByAdam(parameters, Number(settings, "beta1"), Number(settings, "beta2"), Number(settings, "eps"), settings.ContainsKey("amsgrad")));
            if (decay > 0) chain.Add(new AddDecayedWeights(decay));
        }

        chain.Add(new ScaleByLearningRate());
        return chain;
    }

    /// <summary>"0.1 on matrices, 0 on vectors" begins with the number.</summary>
    private static double Number(IReadOnlyDictionary<string, string> settings, string key) =>
        settings.TryGetValue(key, out var text) ? double.Parse(text.Split(' ')[0], CultureInfo.InvariantCulture) : 0;

    private static PackedBatch Batch(SafetensorsFile reference)
    {
        var shape = reference.Find("input_ids").Shape;
        var ids = reference.ReadIntegers("input_ids");
        var labels = reference.ReadIntegers("labels");
        var batch = new PackedBatch();
        var length = (int)shape[1];
        for (var row = 0; row < shape[0]; row++)
        {
            var tokens = ids.Skip(row * length).Take(length).Select(id => (int)id).ToArray();
            var next = labels.Skip(row * length + 1).Take(length - 1).Append(-100).ToArray();
            batch.Add(tokens, [.. next.Select(label => label == -100 ? 0 : (int)label)], [.. next.Select(label => label == -100 ? 0f : 1f)]);
        }

        return batch;
    }
}
