using System.ComponentModel.DataAnnotations;
using Coppice.Models;
using Coppice.Training.Recipes;

namespace Coppice.Adapters;

/// <summary>The model that is adapted.</summary>
public sealed record BaseSection
{
    /// <summary>Its directory.</summary>
    public string Path { get; init; } = "";

    /// <summary>The directory of an adapter on it that is trained further, with its head; empty for a new adapter.</summary>
    public string Adapter { get; init; } = "";

    /// <summary>In what its matrices are held while an adapter is trained on them (QLoRA with <c>int4</c>).</summary>
    public Quantization Quantize { get; init; }
}

/// <summary>The examples.</summary>
public sealed record TaskDataSection
{
    /// <summary>Files to train on.</summary>
    public ValueList<string> Train { get; init; } = [];

    /// <summary>Files to measure on.</summary>
    public ValueList<string> Validation { get; init; } = [];

    /// <summary>The share of the examples to measure on, where there are no files for that; 0 for none.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double ValidationShare { get; init; } = 0.1;
}

/// <summary>The length of a task's training and the shape of a step.</summary>
public sealed record TaskTrainingSection
{
    /// <summary>Passes over the examples.</summary>
    [Range(1, 1_000_000)]
    public int Epochs { get; init; } = 3;

    /// <summary>Optimizer steps; 0 for what the passes make.</summary>
    [Range(0L, 1e15)]
    public long Steps { get; init; }

    /// <summary>Examples of a step.</summary>
    [Range(1, 1_000_000)]
    public int BatchSize { get; init; } = 8;

    /// <summary>The most tokens of a micro-batch: fewer need less memory. Changes no result but by rounding. A longer example is one by itself.</summary>
    [Range(1, 100_000_000)]
    public int BatchTokens { get; init; } = 2048;

    /// <summary>The most tokens of a document; 0 for as many as the model reads at once.</summary>
    [Range(0, 100_000_000)]
    public int MaxTokens { get; init; }

    /// <summary>Keep only the input of each block for the backward pass: less memory for about a third more time, and the same result.</summary>
    public bool Recompute { get; init; }

    /// <summary>The share of the steps in which the learning rate rises, unless schedule.warmup_steps or schedule.warmup_tokens says otherwise.</summary>
    [Range(0.0, 1.0)]
    public double WarmupShare { get; init; } = 0.06;

    /// <summary>The head learns so many times as fast as the rest.</summary>
    [Range(0.0, 1e6, MinimumIsExclusive = true)]
    public double HeadRateFactor { get; init; } = 1;

    /// <summary>The share of the hidden state that is dropped before the head.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double HeadDropout { get; init; }

    /// <summary>Steps between measurements; 0 for one after each pass. There is one at the end in any case.</summary>
    [Range(0L, 1e15)]
    public long EvaluateEvery { get; init; }

    /// <summary>What decides which weights are kept: <c>loss</c>, or a metric of the task; empty for the one that the task is judged by.</summary>
    public string Metric { get; init; } = "";

    /// <summary>Measurements in a row that may be no better before training ends; 0 to go on to the end.</summary>
    [Range(0, 1_000_000)]
    public int Patience { get; init; }

    /// <summary>Steps between checkpoints; 0 for one at the end only.</summary>
    [Range(0L, 1e15)]
    public long CheckpointEvery { get; init; } = 200;

    /// <summary>How many of the newest checkpoints stay; the best one stays besides.</summary>
    [Range(1, 1_000_000)]
    public int KeepCheckpoints { get; init; } = 1;

    /// <summary>Steps between lines of metrics.</summary>
    [Range(1, 1_000_000)]
    public int LogEvery { get; init; } = 10;

    /// <summary>Threads to compute with; 0 means one a core. The result doesn't depend on it.</summary>
    [Range(0, 4_096)]
    public int Threads { get; init; }

    /// <summary>A step is skipped when its loss or gradient norm lies this many standard deviations above the recent ones; 0 means never.</summary>
    [Range(0.0, 1e6)]
    public double SkipOutliers { get; init; }

    /// <summary>The section as the loop has it.</summary>
    internal TrainingSection ForLoop(long steps) => new()
    {
        Steps = steps, BatchSize = BatchSize, Recompute = Recompute, CheckpointEvery = CheckpointEvery, KeepCheckpoints = KeepCheckpoints, LogEvery = LogEvery, Threads = Threads, SkipOutliers = SkipOutliers,
    };
}
