namespace Coppice.Evaluation;

/// <summary>
/// What a model knows of a fact. Where answers are compared with each other, it is by their log p per token, so that an answer of one token and
/// one of three can be.
/// </summary>
/// <param name="Fact">The fact.</param>
/// <param name="LogProbability">log p of the answer's tokens after the prompt, summed, in nats.</param>
/// <param name="Tokens">How many tokens that is.</param>
/// <param name="ExactMatch">Whether each token of the answer is the most probable one at its place: greedy decoding would write it.</param>
/// <param name="Rank">1 + the number of other candidates that are at least as probable; null where the fact has no other candidates.</param>
/// <param name="Values">How many answers were compared for the rank, the right one included; 0 where there is no rank.</param>
/// <param name="ObsoleteMean">log p per token of the obsolete answer; null where the fact has none.</param>
public sealed record FactScore(ClozeFact Fact, double LogProbability, int Tokens, bool ExactMatch, int? Rank, int Values, double? ObsoleteMean)
{
    /// <summary>log p per token of the answer, in nats.</summary>
    public double Mean => LogProbability / Tokens;

    /// <summary>Whether the model knows the fact: its answer ranks first among the candidates or, where there are none, is what greedy decoding writes.</summary>
    public bool Known => Rank is { } rank ? rank == 1 : ExactMatch;

    /// <summary>Whether the new answer beats the obsolete one; null where the fact has none.</summary>
    public bool? BeatsObsolete => ObsoleteMean is { } obsolete ? Mean > obsolete : null;

    /// <summary>
    /// The share of the other candidates that the answer beats: what a choice between it and a random other one would get right, 0.5 by chance.
    /// Null where there is no rank. A known fact has 1, so recognition is never below recall.
    /// </summary>
    public double? Recognition => Rank is { } rank ? (double)(Values - rank) / (Values - 1) : null;
}

/// <summary>What a model knows of some facts. What was not there to be measured is null.</summary>
/// <param name="Facts">Number of facts; at least one.</param>
/// <param name="Known">The share that is known (<see cref="FactScore.Known"/>).</param>
/// <param name="ExactMatch">The share whose answer greedy decoding would write.</param>
/// <param name="Chance">The share that would be known by chance, of the facts with a rank: the mean of 1 / values.</param>
/// <param name="Recognition">The mean of <see cref="FactScore.Recognition"/>.</param>
/// <param name="MeanRank">The mean rank.</param>
/// <param name="LogProbability">The mean over facts of log p of the answer, in nats.</param>
/// <param name="Changed">The share with the new answer more probable than the obsolete one, of the facts that have one.</param>
public sealed record FactSummary(int Facts, double Known, double ExactMatch, double? Chance, double? Recognition, double? MeanRank, double LogProbability, double? Changed)
{
    /// <summary>Summarises scores.</summary>
    /// <param name="scores">At least one.</param>
    public static FactSummary Of(IReadOnlyCollection<FactScore> scores)
    {
        ArgumentOutOfRangeException.ThrowIfZero(scores.Count, nameof(scores));
        return new FactSummary(
            scores.Count,
            scores.Average(score => score.Known ? 1.0 : 0),
            scores.Average(score => score.ExactMatch ? 1.0 : 0),
            scores.Average(score => score.Rank is null ? null : (double?)1.0 / score.Values),
            scores.Average(score => score.Recognition),
            scores.Average(score => (double?)score.Rank),
            scores.Average(score => score.LogProbability),
            scores.Average(score => score.BeatsObsolete is { } beats ? beats ? 1.0 : 0 : (double?)null));
    }
}

/// <summary>What <see cref="FactEvaluator"/> measured.</summary>
/// <param name="Total">Over all facts.</param>
/// <param name="Kinds">By kind, in the order of the names; facts without one are in the total only.</param>
/// <param name="Scores">Fact by fact, in the order of the facts.</param>
public sealed record FactEvaluation(FactSummary Total, IReadOnlyDictionary<string, FactSummary> Kinds, IReadOnlyList<FactScore> Scores)
{
    /// <summary>Sums up scores.</summary>
    /// <param name="scores">At least one.</param>
    public static FactEvaluation Of(IReadOnlyList<FactScore> scores)
    {
        var kinds = new SortedDictionary<string, FactSummary>(StringComparer.Ordinal);
        foreach (var kind in scores.GroupBy(score => score.Fact.Kind))
        {
            if (kind.Key is { } name) kinds[name] = FactSummary.Of([.. kind]);
        }

        return new FactEvaluation(FactSummary.Of(scores), kinds, scores);
    }
}
