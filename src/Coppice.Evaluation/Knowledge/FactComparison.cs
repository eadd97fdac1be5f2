using Coppice.Foundation;

namespace Coppice.Evaluation;

/// <summary>
/// How many facts were forgotten for how many that were won (forgotten / (updated + acquired), FUAR). The score of a set of facts is the number of
/// those known; what a set has fewer after than before is forgotten, what it has more is won, and sets don't make up for each other.
/// </summary>
/// <param name="Forgotten">Summed over the sets that are to be kept: max(0, known before - known after).</param>
/// <param name="Won">Summed over the sets that are to be learnt: max(0, known after - known before).</param>
[Technique("fuar", Title = "Towards Continual Knowledge Learning of Language Models", Paper = "arXiv:2110.03215")]
public sealed record Fuar(double Forgotten, double Won)
{
    /// <summary>Whether nothing was won: there is no ratio then.</summary>
    public bool NoneGained => Won == 0;

    /// <summary>0 where nothing was forgotten, 1 where one fact was lost for each that was won; null where none was won.</summary>
    public double? Ratio => NoneGained ? null : Forgotten / Won;

    /// <summary>Computes it from the scores of sets of facts.</summary>
    /// <param name="toKeep">Of each set that is to be kept, its score before and after.</param>
    /// <param name="toLearn">Of each set that is to be learnt, likewise.</param>
    public static Fuar Of(IEnumerable<(double Before, double After)> toKeep, IEnumerable<(double Before, double After)> toLearn) =>
        new(toKeep.Sum(set => Math.Max(0, set.Before - set.After)), toLearn.Sum(set => Math.Max(0, set.After - set.Before)));
}

/// <summary>What became of some facts from one model to another.</summary>
/// <param name="Facts">Number of facts; at least one.</param>
/// <param name="Kept">Known before and after.</param>
/// <param name="Lost">Known before only: negative flips.</param>
/// <param name="Gained">Known after only: positive flips.</param>
/// <param name="Changeable">Facts that have an obsolete answer.</param>
/// <param name="ChangedBefore">Of these, how many had the new answer more probable than the obsolete one before.</param>
/// <param name="ChangedAfter">And how many after.</param>
[Technique("new-beats-obsolete", Title = "WikiFactDiff: A Large, Realistic, and Temporally Adaptable Dataset for Atomic Factual Knowledge Update in Causal Language Models", Paper = "arXiv:2403.14364")]
public sealed record FactChanges(int Facts, int Kept, int Lost, int Gained, int Changeable, int ChangedBefore, int ChangedAfter)
{
    /// <summary>Known neither before nor after.</summary>
    public int NeverKnown => Facts - Kept - Lost - Gained;

    /// <summary>Known before.</summary>
    public int KnownBefore => Kept + Lost;

    /// <summary>Known after. KnownAfter - KnownBefore = Gained - Lost.</summary>
    public int KnownAfter => Kept + Gained;

    /// <summary>The same as flips: their rates, and McNemar's test.</summary>
    public Flips Flips => new(Facts, KnownBefore, KnownAfter, Lost, Gained, WrongChanges: 0);

    /// <summary>Counts.</summary>
    internal static FactChanges Of(IReadOnlyCollection<(FactScore Before, FactScore After)> pairs) => new(
        pairs.Count,
        pairs.Count(pair => pair.Before.Known && pair.After.Known),
        pairs.Count(pair => pair.Before.Known && !pair.After.Known),
        pairs.Count(pair => !pair.Before.Known && pair.After.Known),
        pairs.Count(pair => pair.After.BeatsObsolete is not null),
        pairs.Count(pair => pair.Before.BeatsObsolete is true),
        pairs.Count(pair => pair.After.BeatsObsolete is true));
}

/// <summary>Two models' knowledge of the same facts, side by side.</summary>
/// <param name="Total">Over all facts.</param>
/// <param name="Kinds">By kind, in the order of the names; facts without one are in the total only.</param>
/// <param name="Fuar">
/// Forgotten for won. Facts of the kinds <see cref="ClozeFact.Updated"/> and <see cref="ClozeFact.New"/> are to be learnt, all others, those without a kind too,
/// are to be kept; the facts of a kind are a set.
/// </param>
public sealed record FactComparison(FactChanges Total, IReadOnlyDictionary<string, FactChanges> Kinds, Fuar Fuar)
{
    /// <summary>Compares two models.</summary>
    /// <param name="before">What the old one knows.</param>
    /// <param name="after">What the new one knows of the same facts in the same order.</param>
    public static FactComparison Of(FactEvaluation before, FactEvaluation after)
    {
        if (!before.Scores.Select(score => score.Fact).SequenceEqual(after.Scores.Select(score => score.Fact), ReferenceEqualityComparer.Instance))
            throw new ArgumentException("The two models were asked for different facts.", nameof(after));
        List<(FactScore Before, FactScore After)> pairs = [.. before.Scores.Zip(after.Scores)];
        var kinds = new SortedDictionary<string, FactChanges>(StringComparer.Ordinal);
        var (toKeep, toLearn) = (new List<(double, double)>(), new List<(double, double)>());
        foreach (var kind in pairs.GroupBy(pair => pair.After.Fact.Kind))
        {
            var changes = FactChanges.Of([.. kind]);
            if (kind.Key is { } name) kinds[name] = changes;
            (kind.First().After.Fact.IsToBeLearnt ? toLearn : toKeep).Add((changes.KnownBefore, changes.KnownAfter));
        }

        return new FactComparison(FactChanges.Of(pairs), kinds, Fuar.Of(toKeep, toLearn));
    }
}
