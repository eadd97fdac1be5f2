using Coppice.Evaluation;

namespace Coppice.Cli.Commands;

/// <summary>What <c>coppice evaluate --json</c> prints. What was not measured is null.</summary>
internal sealed record EvaluationResult(
    double? Loss, double? Perplexity, double? BitsPerByte, long? Tokens, long? Bytes, IReadOnlyList<SourceScore> Sources, PairsResult? Pairs)
{
    /// <summary>What changed from the model given with <c>--against</c>, or null.</summary>
    public AgainstResult? Against { get; init; }

    /// <summary>The result of measurements.</summary>
    public static EvaluationResult Of(TextEvaluation? texts, MinimalPairEvaluation? accuracy) => new(
        texts?.Total.Loss,
        texts?.Total.Perplexity,
        texts?.Total.BitsPerByte,
        texts?.Total.Tokens,
        texts?.Total.Bytes,
        [.. texts?.Sources.Select(source => new SourceScore(source.Key, source.Value.Loss, source.Value.Perplexity, source.Value.BitsPerByte, source.Value.Tokens, source.Value.Bytes)) ?? []],
        accuracy is null ? null : PairsResult.Of(accuracy));
}

/// <summary>How well one source was predicted.</summary>
internal sealed record SourceScore(string Name, double Loss, double Perplexity, double BitsPerByte, long Tokens, long Bytes);

/// <summary>Accuracy on minimal pairs.</summary>
internal sealed record PairsResult(double Accuracy, double StandardError, long Pairs, IReadOnlyList<PairsScore> Phenomena, IReadOnlyList<PairsScore> Uids)
{
    /// <summary>The result of a measurement.</summary>
    public static PairsResult Of(MinimalPairEvaluation accuracy) =>
        new(accuracy.Total.Accuracy, accuracy.Total.StandardError, accuracy.Total.Pairs, Scores(accuracy.Phenomena), Scores(accuracy.Uids));

    private static List<PairsScore> Scores(IReadOnlyDictionary<string, MinimalPairScore> scores) =>
        [.. scores.Select(entry => new PairsScore(entry.Key, entry.Value.Accuracy, entry.Value.StandardError, entry.Value.Pairs))];
}

/// <summary>Accuracy on some of the pairs.</summary>
internal sealed record PairsScore(string Name, double Accuracy, double StandardError, long Pairs);
