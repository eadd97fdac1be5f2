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
    }

    /// <summary>The methods that change projections, and the others.</summary>
    public static IReadOnlyList<string> Deltas { get; } = ["lora", "rslora", "dora", "pissa", "olora", "vera", "ia3"];

    public static IReadOnlyList<string> Architectures { get; } = ["gpt2", "llama", "bert"];

    /// <summary>Every method with every architecture that it can train.</summary>
    public static TheoryData<string, string> All => Cross([.. Deltas, "bitfit", "layers"]);

    public static TheoryData<string, string> ChangingProjections => Cross(Deltas);

    public Backend Backend { get; }

    public LanguageModel Model { get; }

    public AdapterSet Set { get; }

    public Adapter Adapter { get; }

    /// <summary>Settings of a method: every projection, but the one with fewer outputs than the rank.</summary>
    public static AdapterSettings Settings(string method) => new()
    {
        Method = method, Rank = 3, Alpha = 5, Targets = method is "ia3" or "bitfit" or "layers" ? null : TargetPattern.Matching(TargetPattern.AllLinear), Exclude = TargetPattern.Of("seq_relationship"),
        Layers = method == "layers" ? [1] : [],
    };

    public static TheoryData<string, string> Cross(IReadOnlyList<string> methods)
    {
        var data = new TheoryData<string, string>();
        foreach (var method in methods)
        {
            foreach (var architecture in Architectures.Where(architecture => method != "bitfit" || architecture != "llama")) data.Add(method, architecture);
        }

        return data;
    }

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

    /// <summary>Trains with the adapter on; it is off afterwards.</summary>
    public void Train(int steps = 3, double learningRate = 0.02)
    {
        Set.Activate(Name);
        using (var trainer = NewTrainer())
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
