namespace Coppice.Cli.Commands;

/// <summary>The recipe of a run that was given text and no recipe: a model that the text can fill and a processor can train.</summary>
internal static class DefaultRecipe
{
    // Up to four times, the same text again teaches about as much as new text (Muennighoff et al., arXiv:2305.16264).
    private const double Epochs = 4, BytesPerToken = 3.5;

    // What a model needs before it writes anything like words, however small its text is.
    private const double LeastTokens = 500_000;

    // With fewer, a choice of whole documents for validation could come out empty.
    private const long FewDocuments = 100;

    private static readonly Size[] Sizes =
    [
        new(MostBytes: 4e6, Layers: 4, Heads: 4, Hidden: 128, Vocabulary: 1024, Sequence: 128, Batch: 16, LearningRate: "1e-3"),
        new(MostBytes: 64e6, Layers: 6, Heads: 8, Hidden: 256, Vocabulary: 4096, Sequence: 256, Batch: 16, LearningRate: "1e-3"),
        new(MostBytes: 1e9, Layers: 8, Heads: 8, Hidden: 512, Vocabulary: 16_384, Sequence: 512, Batch: 32, LearningRate: "6e-4"),
        new(MostBytes: double.PositiveInfinity, Layers: 12, Heads: 12, Hidden: 768, Vocabulary: 32_768, Sequence: 1024, Batch: 64, LearningRate: "6e-4"),
    ];

    /// <summary>The recipe, as YAML.</summary>
    /// <param name="bytes">UTF-8 bytes of the text.</param>
    /// <param name="documents">Documents in it.</param>
    public static string For(long bytes, long documents)
    {
        var size = Sizes.First(size => bytes <= size.MostBytes);
        var steps = (long)Math.Ceiling(Math.Max(Epochs * bytes / BytesPerToken, LeastTokens) / (size.Batch * size.Sequence));
        return FormattableString.Invariant($"""
            model:
              layers: {size.Layers}
              heads: {size.Heads}
              hidden_size: {size.Hidden}
            tokenizer:
              vocabulary_size: {size.Vocabulary}
            data:
              validation:
                split: {(documents < FewDocuments ? "tail" : "documents")}
            training:
              steps: {steps}
              batch_size: {size.Batch}
              sequence_length: {size.Sequence}
              checkpoint_every: {Math.Max(50, steps / 10)}
            optimizer:
              learning_rate: {size.LearningRate}
            schedule:
              warmup_steps: {steps / 20}
              final_learning_rate: 1e-4
            evaluation:
              every: {Math.Max(50, steps / 10)}
            """);
    }

    private sealed record Size(double MostBytes, int Layers, int Heads, int Hidden, int Vocabulary, int Sequence, int Batch, string LearningRate);
}
