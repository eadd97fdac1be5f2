using System.Diagnostics;
using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Loop;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using Coppice.Training.Planning;
using Coppice.Training.Recipes;

namespace Coppice.Benchmarks;

/// <summary>The shape of a training step.</summary>
/// <param name="Architecture"><c>gpt2</c> (tied head, biases, exact GELU) or <c>llama</c>.</param>
/// <param name="Layers">Blocks.</param>
/// <param name="Heads">Heads.</param>
/// <param name="Width">Width of the residual stream.</param>
/// <param name="Vocab">Vocabulary.</param>
/// <param name="Batch">Sequences.</param>
/// <param name="Sequence">Tokens of a sequence.</param>
/// <param name="Threads">Threads; 0 for one per processor.</param>
/// <param name="Recompute">Whether activations inside blocks are computed again in the backward pass.</param>
public sealed record TrainShape(string Architecture, int Layers, int Heads, int Width, int Vocab, int Batch, int Sequence, int Threads, bool Recompute = false);

/// <summary>What a training step was measured to take.</summary>
public sealed record TrainResult
{
    /// <summary>The shape.</summary>
    public required TrainShape Shape { get; init; }

    /// <summary>Parameters of the model.</summary>
    public required long Parameters { get; init; }

    /// <summary>Tokens per second of the median step.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary>Milliseconds of the median step.</summary>
    public required double MillisecondsPerStep { get; init; }

    /// <summary>Resident memory of the process at its highest, in MiB.</summary>
    public required double PeakMemoryMib { get; init; }

    /// <summary>Floating-point operations a token: 6 for each parameter in a matrix that multiplies, and causal attention.</summary>
    public required double FlopsPerToken { get; init; }

    /// <summary>The speed of a product of 1024 cubed in this process on these threads.</summary>
    public required double GemmGflops { get; init; }

    /// <summary>Achieved operations over those of the product.</summary>
    public required double ModelFlopsUtilization { get; init; }

    /// <summary>The loss of the last step.</summary>
    public required double Loss { get; init; }

    /// <summary>Percent of the step in each operation, the largest first; what is left is between operations.</summary>
    public required IReadOnlyDictionary<string, double> Breakdown { get; init; }
}

/// <summary>A full training step on random tokens: forward, backward, clipping, AdamW.</summary>
public static class TrainBenchmark
{
    private const int WarmUpSteps = 3;

    // The JIT optimises hot code in the background, some time after it was first met: small steps would be measured before that.
    private static readonly TimeSpan WarmUpTime = TimeSpan.FromSeconds(2);

    /// <summary>Measures.</summary>
    /// <param name="shape">The shape of the step.</param>
    /// <param name="steps">Measured steps, at least 1.</param>
    public static TrainResult Run(TrainShape shape, int steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        using var backend = new TimedBackend(Backends.Create(shape.Threads));
        using var model = Configure(shape).Create(backend);
        model.Initialize(1);
        using var trainer = new Trainer(model, new CausalObjective(), OptimizerRegistry.Create(model.Parameters, new OptimizerSection { LearningRate = 1e-4 }), seed: 1);
        trainer.Recomputing = shape.Recompute;
        PackedBatch[] batches = [RandomBatch.Create(shape.Vocab, shape.Batch, shape.Sequence, stream: 0)];
        var seconds = new List<double>();
        var loss = 0.0;
        var clock = Stopwatch.StartNew();
        for (var step = 0; seconds.Count < steps; step++)
        {
            var measured = step >= WarmUpSteps && (seconds.Count > 0 || clock.Elapsed >= WarmUpTime);
            if (measured && seconds.Count == 0) backend.Restart();
            var start = Stopwatch.GetTimestamp();
            var result = trainer.ComputeGradients(batches, step);
            trainer.Apply(result, 1e-4);
            if (measured) seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            loss = result.Loss;
        }

        var total = seconds.Sum();
        var breakdown = backend.Seconds.OrderByDescending(entry => entry.Value).ToDictionary(entry => entry.Key, entry => Math.Round(100 * entry.Value / total, 2));
        var peak = PeakMemory.Mebibytes;
        seconds.Sort();
        var median = seconds[seconds.Count / 2];
        var gemm = ProductSpeed.Gflops(backend, GemmBenchmark.Cube, GemmBenchmark.Cube, GemmBenchmark.Cube, false, false, TimeSpan.FromSeconds(1));
        var tokens = shape.Batch * shape.Sequence;
        var flops = TrainingFlops.PerToken(model, shape.Sequence);
        return new TrainResult
        {
            Shape = shape,
            Parameters = model.Parameters.Count,
            TokensPerSecond = tokens / median,
            MillisecondsPerStep = median * 1000,
            PeakMemoryMib = peak,
            FlopsPerToken = flops,
            GemmGflops = gemm,
            ModelFlopsUtilization = flops * tokens / median / (gemm * 1e9),
            Loss = loss,
            Breakdown = breakdown,
        };
    }

    internal static ModelConfiguration Configure(TrainShape shape) => shape.Architecture == "gpt2"
        ? new Gpt2Configuration
        {
            VocabularySize = shape.Vocab, HiddenSize = shape.Width, Layers = shape.Layers, Heads = shape.Heads, MaxPositions = shape.Sequence,
            IntermediateSize = 4 * shape.Width, Activation = PointwiseFunction.GeluErf,
        }
        : new LlamaConfiguration
        {
            Family = "llama", VocabularySize = shape.Vocab, HiddenSize = shape.Width, Layers = shape.Layers, Heads = shape.Heads, KeyValueHeads = shape.Heads,
            HeadSize = shape.Width / shape.Heads, MaxPositions = shape.Sequence, IntermediateSize = (8 * shape.Width / 3 + 31) / 32 * 32,
        };
}
