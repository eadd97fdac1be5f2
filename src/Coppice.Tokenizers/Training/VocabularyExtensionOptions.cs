namespace Coppice.Tokenizers.Training;

/// <summary>The options of <see cref="VocabularyExtension"/>.</summary>
public sealed record VocabularyExtensionOptions
{
    /// <summary>How many tokens are added at most.</summary>
    public required int Tokens { get; init; }

    /// <summary>A token that the new text would have less often isn't added: its row of the embedding would hardly be trained.</summary>
    public long MinFrequency { get; init; } = 10;

    /// <summary>
    /// The share of the new text's characters that shall be symbols, where symbols are characters. The vocabulary gets the most frequent of those that are
    /// missing; all of them where it has characters only.
    /// </summary>
    public double CharacterCoverage { get; init; } = 0.9995;

    /// <summary>The threads that count words. The result doesn't depend on it.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Called now and then from the thread that learns.</summary>
    public Action<TrainerProgress>? Progress { get; init; }

    /// <summary>Stops it.</summary>
    public CancellationToken Cancellation { get; init; }
}
