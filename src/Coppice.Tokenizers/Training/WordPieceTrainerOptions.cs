namespace Coppice.Tokenizers.Training;

/// <summary>The options of <see cref="WordPieceTrainer"/>.</summary>
public sealed record WordPieceTrainerOptions
{
    /// <summary>How many tokens the vocabulary gets at most: special tokens, symbols and merges together.</summary>
    public int VocabularySize { get; init; } = 30_522;

    /// <summary>A pair that occurs less often isn't merged.</summary>
    public long MinFrequency { get; init; } = 2;

    /// <summary>Whether capitals become small letters and characters lose their accents.</summary>
    public bool LowerCase { get; init; } = true;

    /// <summary>The special tokens; they get the first ids, and <see cref="WordPieceTrainer.UnknownToken"/> must be one of them.</summary>
    public IReadOnlyList<string> SpecialTokens { get; init; } = ["[PAD]", WordPieceTrainer.UnknownToken, "[CLS]", "[SEP]", "[MASK]"];

    /// <summary>How many different characters become symbols, the most frequent first; words with others are unknown.</summary>
    public int AlphabetSize { get; init; } = 1000;

    /// <summary>The threads that count words. The result doesn't depend on it.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Called now and then from the thread that trains.</summary>
    public Action<TrainerProgress>? Progress { get; init; }

    /// <summary>Stops training.</summary>
    public CancellationToken Cancellation { get; init; }
}
