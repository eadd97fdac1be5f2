using Coppice.Adapters.Methods;
using Coppice.Corpus;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Training.Loop;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using Coppice.Training.Recipes;

namespace Coppice.Adapters.Tests;

/// <summary>A tiny frozen model with one adapter, and what tests do with the two.</summary>
internal sealed class AdaptedModel : IDisposable
{
    public const string Name = "adapter";

    public AdaptedModel(string method, string architecture, AdapterSettings? settings = null, ulong seed = 11, int threads = 1)
    {
        Backend = Backends.Create(threads);
        Model = TinyModels.Create(architecture, Backend);
        Set = new AdapterSet(Model);
        Adapter = Set.Add(Name, settings ?? Settings(method), seed);
        if (MethodTable.Rows.Any(row => row.Name == method && row.ChoosesByExamples)) Set.Prepare(Name, new CausalObjective(), [Batch(0), Batch(1)], seed);
    }

    public Backend Backend { get; }

    public LanguageModel Model { get; }

    public AdapterSet Set { get; }

    public Adapter Adapter { get; }

    /// <summary>Settings of a method, from the table.</summary>
    public static AdapterSettings Settings(string method) => MethodTable.Of(method).Settings;

    /// <summary>Logits, or an encoder's hidden states, without a tape that records.</summary>
    public static float[] Output(LanguageModel model)
    {
        var tokens = TinyModels.Tokens(17);
        return model.Configuration.IsCausal ? TinyModels.Logits(model, tokens) : TinyModels.Hidden(model, tokens);
    }

    public float[] Output() => Output(Model);

    /// <summary>Output with the adapter on; the adapter is off afterwards.</summary>
    public float[] AdaptedOutput()
    {
        Set.Activate(Name);
        var output = Output();
        Set.Deactivate();
        return output;
    }

    public static PackedBatch Batch(int seed)
    {
        var batch = new PackedBatch();
        for (var document = 0; document < 2; document++)
        {
            var tokens = TinyModels.Tokens(9, seed: (ulong)(2 * seed + document));
            batch.Add(tokens.AsSpan(0, 8), tokens.AsSpan(1, 8), Enumerable.Repeat(1f, 8).ToArray());
        }

        return batch;
    }

    public Trainer NewTrainer(GradientTransform? mask = null, string optimizer = "adamw", bool recomputing = false) => new(
        Model, new CausalObjective(), OptimizerRegistry.Create(Adapter.Parameters, new OptimizerSection { Name = optimizer, WeightDecay = 0 }, mask), seed: 3, parameters: Adapter.Parameters)
    {
        Recomputing = recomputing,
    };

    /// <summary>With what the method takes beside descending.</summary>
    public Trainer NewTrainer(AdapterTraining training, bool recomputing = false) => new(
        Model, new CausalObjective(), OptimizerRegistry.Create(Adapter.Parameters, new OptimizerSection { WeightDecay = 0 }, training.Transform), seed: 3,
        training.Penalty is { } penalty ? [penalty] : null, Adapter.Parameters)
    {
        Recomputing = recomputing,
    };

    /// <summary>Trains with the adapter on, as its method has it; it is off afterwards.</summary>
    public void Train(int steps = 3, double learningRate = 0.02)
    {
        Set.Activate(Name);
        using (var trainer = NewTrainer(Adapter.CreateTraining(steps)))
        {
            for (var step = 0; step < steps; step++) trainer.Apply(trainer.ComputeGradients([Batch(step)], step), learningRate);
        }

        Set.Deactivate();
    }

    public static double RelativeError(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        var largest = expected.Max(value => Math.Abs(value));
        return expected.Zip(actual, (a, b) => Math.Abs((double)a - b)).Max() / largest;
    }

    public void Dispose()
    {
        Set.Dispose();
        Model.Dispose();
        Backend.Dispose();
    }
}
