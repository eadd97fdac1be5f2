using Coppice.Tokenizers.Training;

namespace Coppice.Continual.Vocabulary;

/// <summary>The options of <see cref="VocabularyGrowth"/>.</summary>
public sealed record VocabularyGrowthOptions
{
    /// <summary>How many tokens are added at most.</summary>
    public required int Tokens { get; init; }

    /// <summary>A token that the new text would have less often isn't added.</summary>
    public long MinFrequency { get; init; } = 10;

    /// <summary>What the rows of new tokens start as: one of <see cref="RowInitializers.Names"/>.</summary>
    public string Initializer { get; init; } = RowInitializers.Default;

    /// <summary>Decides what is random in them.</summary>
    public ulong Seed { get; init; }

    /// <summary>Whether gradients of the grown model are wanted.</summary>
    public bool Trainable { get; init; }

    /// <summary>The threads that count words. The result doesn't depend on it.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Called now and then from the thread that learns tokens.</summary>
    public Action<TrainerProgress>? Progress { get; init; }

    /// <summary>Stops it.</summary>
    public CancellationToken Cancellation { get; init; }
}
