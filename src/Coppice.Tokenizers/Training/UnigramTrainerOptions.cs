namespace Coppice.Tokenizers.Training;

/// <summary>The options of <see cref="UnigramTrainer"/>.</summary>
public sealed record UnigramTrainerOptions
{
    /// <summary>How many tokens the vocabulary gets at most: special tokens, all bytes and pieces together.</summary>
    public int VocabularySize { get; init; } = 8_192;

    /// <summary>The special tokens; they get the first ids, and <see cref="UnigramTrainer.UnknownToken"/> must be one of them.</summary>
    public IReadOnlyList<string> SpecialTokens { get; init; } = [UnigramTrainer.UnknownToken, "<s>", "</s>"];

    /// <summary>The share of the text's characters that are pieces, the most frequent first; the others are written as bytes. SentencePiece's default.</summary>
    public double CharacterCoverage { get; init; } = 0.9995;

    /// <summary>The most characters that a piece may have.</summary>
    public int MaxPieceLength { get; init; } = 16;

    /// <summary>How many frequent substrings training starts from.</summary>
    public int SeedSize { get; init; } = 1_000_000;

    /// <summary>The share of pieces that is left when the least useful are taken out.</summary>
    public double ShrinkingFactor { get; init; } = 0.75;

    /// <summary>How often the pieces' probabilities are estimated anew before some are taken out.</summary>
    public int Iterations { get; init; } = 2;

    /// <summary>The threads that count words and estimate. The result doesn't depend on it.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Called now and then from the thread that trains.</summary>
    public Action<TrainerProgress>? Progress { get; init; }

    /// <summary>Stops training.</summary>
    public CancellationToken Cancellation { get; init; }
}
