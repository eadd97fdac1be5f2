namespace Coppice.Tokenizers.Training;

/// <summary>How text is cut into words before pairs are counted, and what the symbols are.</summary>
public enum BpeStyle
{
    /// <summary>Bytes, cut as GPT-2 cuts them.</summary>
    Gpt2,

    /// <summary>Bytes, cut as GPT-4 and Llama 3 cut them: numbers in groups of three, line ends kept with what is before them.</summary>
    Gpt4,

    /// <summary>Characters, with a fallback to bytes for those that are rare or new; a space belongs to the word after it. As in Llama 2.</summary>
    Llama,
}

/// <summary>The symbols that are in a byte-level vocabulary before the first merge.</summary>
public enum InitialAlphabet
{
    /// <summary>All 256 bytes: any text can be encoded.</summary>
    AllBytes,

    /// <summary>The bytes that the training text has; others are left out of a text that has them.</summary>
    SeenBytes,
}

/// <summary>How far training has come.</summary>
/// <param name="Stage">What is being done: <c>count words</c> or <c>merge</c>.</param>
/// <param name="Done">Texts counted, or tokens in the vocabulary.</param>
/// <param name="Total">How many there will be, where that is known.</param>
public readonly record struct TrainerProgress(string Stage, long Done, long? Total);

/// <summary>The options of <see cref="BpeTrainer"/>.</summary>
public sealed record BpeTrainerOptions
{
    /// <summary>How many tokens the vocabulary gets at most: special tokens, symbols and merges together.</summary>
    public int VocabularySize { get; init; } = 32_768;

    /// <summary>A pair that occurs less often isn't merged.</summary>
    public long MinFrequency { get; init; } = 2;

    /// <summary>
    /// The special tokens; they get the first ids. Null for the usual ones of the style: <c>&lt;|endoftext|&gt;</c>, or for <see cref="BpeStyle.Llama"/>
    /// <c>&lt;unk&gt;</c>, <c>&lt;s&gt;</c> and <c>&lt;/s&gt;</c>.
    /// </summary>
    public IReadOnlyList<string>? SpecialTokens { get; init; }

    /// <summary>The symbols to start from. <see cref="BpeStyle.Llama"/> always has all bytes to fall back to.</summary>
    public InitialAlphabet InitialAlphabet { get; init; } = InitialAlphabet.AllBytes;

    /// <summary>How text is cut into words.</summary>
    public BpeStyle Style { get; init; } = BpeStyle.Gpt2;

    /// <summary>
    /// The share of the text's characters that become symbols, the most frequent first, for <see cref="BpeStyle.Llama"/>; the others are written as bytes.
    /// SentencePiece's default.
    /// </summary>
    public double CharacterCoverage { get; init; } = 0.9995;

    /// <summary>The most symbols (bytes, or characters for <see cref="BpeStyle.Llama"/>) that a token may have; null for no limit.</summary>
    public int? MaxTokenLength { get; init; }

    /// <summary>The threads that count words. The result doesn't depend on it.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>
    /// The most bytes of distinct words held in memory; training takes up to about fifty times as much. When there are more after a batch of text, the rarest
    /// words are forgotten until half is free: first those seen once, then those seen twice, and so on.
    /// </summary>
    public int MaxWordBytes { get; init; } = LargestWordBytes;

    /// <summary>Called now and then from the thread that trains.</summary>
    public Action<TrainerProgress>? Progress { get; init; }

    /// <summary>Stops training.</summary>
    public CancellationToken Cancellation { get; init; }

    // With more, the tables of pairs would outgrow what one array can hold.
    internal const int LargestWordBytes = 256 << 20;
}
