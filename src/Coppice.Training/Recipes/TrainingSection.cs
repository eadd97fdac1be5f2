using System.ComponentModel.DataAnnotations;

namespace Coppice.Training.Recipes;

/// <summary>The length of the run and the shape of a step.</summary>
public sealed record TrainingSection
{
    /// <summary>Optimizer steps; 0 means that tokens says how long. One of the two must be set.</summary>
    [Range(0L, 1e15)]
    public long Steps { get; init; }

    /// <summary>Tokens to train on, rounded up to whole steps; 0 means that steps says how long.</summary>
    [Range(0L, 1e18)]
    public long Tokens { get; init; }

    /// <summary>Sequences of a step.</summary>
    [Range(1, 1_000_000)]
    public int BatchSize { get; init; } = 16;

    /// <summary>Tokens of a sequence.</summary>
    [Range(1, 10_000_000)]
    public int SequenceLength { get; init; } = 256;

    /// <summary>
    /// Tokens of a fragment in the first step; 0 for whole sequences from the beginning. Sequences are cut into fragments that see only themselves, and these grow
    /// by the same factor in each step until length_warmup_steps are done: what stands next to a token is learned first, and soon.
    /// </summary>
    [Range(0, 10_000_000)]
    public int FirstLength { get; init; }

    /// <summary>Steps until fragments are whole sequences, where first_length says that they grow.</summary>
    [Range(0L, 1e15)]
    public long LengthWarmupSteps { get; init; }

    /// <summary>Micro-batches whose gradients make up a step: more need less memory. Divides batch_size.</summary>
    [Range(1, 1_000_000)]
    public int Accumulation { get; init; } = 1;

    /// <summary>
    /// Keep only the input of each block for the backward pass and compute the rest again there: less memory for about a third more time. The result
    /// doesn't depend on it.
    /// </summary>
    public bool Recompute { get; init; }

    /// <summary>Steps between checkpoints; 0 means one at the end only.</summary>
    [Range(0L, 1e15)]
    public long CheckpointEvery { get; init; } = 500;

    /// <summary>How many of the newest checkpoints stay; the best one stays besides.</summary>
    [Range(1, 1_000_000)]
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>Steps between lines of metrics.</summary>
    [Range(1, 1_000_000)]
    public int LogEvery { get; init; } = 10;

    /// <summary>Threads to compute with; 0 means one a core. The result doesn't depend on it.</summary>
    [Range(0, 4_096)]
    public int Threads { get; init; }

    /// <summary>A step is skipped when its loss or gradient norm lies this many standard deviations above the recent ones; 0 means never.</summary>
    [Range(0.0, 1e6)]
    public double SkipOutliers { get; init; }

    /// <summary>Skipped steps in a row after which the run stops.</summary>
    [Range(1, 1_000_000)]
    public int MaxSkippedSteps { get; init; } = 10;

    /// <summary>The threads to compute with: one a core where none were named.</summary>
    public int UsedThreads => Threads == 0 ? Environment.ProcessorCount : Threads;

    /// <summary>Tokens of a step: batch_size sequences of sequence_length.</summary>
    public long TokensPerStep => (long)BatchSize * SequenceLength;

    /// <summary>The steps of the run, whichever way its length was given.</summary>
    public long TotalSteps => Steps > 0 ? Steps : (Tokens + TokensPerStep - 1) / TokensPerStep;
}
