using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>How a search spends its time.</summary>
public sealed record SearchOptions
{
    /// <summary>Steps of the first round; each later round has <see cref="Factor"/> times as many.</summary>
    public int FirstSteps { get; init; } = 50;

    /// <summary>One in so many candidates goes on to the next round.</summary>
    public int Factor { get; init; } = 3;

    /// <summary>Refuses options that mean nothing.</summary>
    /// <exception cref="CoppiceException">One is out of its range (exit code 2).</exception>
    internal void Check()
    {
        if (FirstSteps < 1) throw CoppiceException.Usage("a search trains at least one step");
        if (Factor < 2) throw CoppiceException.Usage("the factor of successive halving is at least 2");
    }
}

/// <summary>What an adapter came to after some training.</summary>
/// <param name="Quality">How good it is on examples that are not trained on; the higher the better.</param>
/// <param name="Bytes">Memory of the training at its highest.</param>
/// <param name="Seconds">Time of the training: of all that is here the only number that differs from run to run.</param>
public readonly record struct SearchMeasurement(double Quality, long Bytes, double Seconds);

/// <summary>An adapter that was tried.</summary>
/// <param name="Candidate">The adapter.</param>
/// <param name="Round">The last round that it was in, from 1.</param>
/// <param name="Steps">Steps of that round.</param>
/// <param name="Measurement">What it came to in that round.</param>
public sealed record SearchTrial(AdapterCandidate Candidate, int Round, int Steps, SearchMeasurement Measurement);

/// <summary>What a search found.</summary>
/// <param name="Trials">Every candidate as its last round left it, the best of the last round first.</param>
/// <param name="ByParameters">Quality against trained parameters: see <see cref="ParetoFront"/>.</param>
/// <param name="ByMemory">Quality against memory.</param>
/// <param name="ByTime">Quality against the time of a step.</param>
public sealed record SearchResult(
    IReadOnlyList<SearchTrial> Trials, IReadOnlyList<SearchTrial> ByParameters, IReadOnlyList<SearchTrial> ByMemory, IReadOnlyList<SearchTrial> ByTime)
{
    /// <summary>The best adapter of the last round.</summary>
    public AdapterCandidate Best => Trials[0].Candidate;
}

/// <summary>
/// Searches by successive halving: all candidates are trained shortly, the best third of them somewhat longer, and so on until one is best. Time goes to what looks good, and
/// what is seen of the others on the way is the front of quality against cost.
/// </summary>
/// <remarks>On a front, a candidate that was left behind has the quality that it had by then, after fewer steps than those that went on: it was worse than they at that time.</remarks>
[Technique("autopeft", Title = "AutoPEFT: Automatic Configuration Search for Parameter-Efficient Fine-Tuning", Paper = "arXiv:2301.12132")]
[Technique("successive-halving", Title = "Non-stochastic Best Arm Identification and Hyperparameter Optimization", Paper = "arXiv:1502.07943")]
public static class SuccessiveHalving
{
    /// <summary>Searches. The choice depends on qualities alone: as long as those are the same, so is it.</summary>
    /// <param name="candidates">The candidates; at least one.</param>
    /// <param name="options">Steps and factor.</param>
    /// <param name="measure">Trains a candidate from the beginning for so many steps, and measures it. A quality that is no number is worse than any.</param>
    /// <param name="trial">Told of each measurement. Null for nobody.</param>
    /// <param name="cancellationToken">Ends it between two candidates.</param>
    /// <exception cref="CoppiceException">An option is out of its range (exit code 2).</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static SearchResult Run(
        IReadOnlyList<AdapterCandidate> candidates, SearchOptions options, Func<AdapterCandidate, int, SearchMeasurement> measure, Action<SearchTrial>? trial = null,
        CancellationToken cancellationToken = default)
    {
        options.Check();
        ArgumentOutOfRangeException.ThrowIfZero(candidates.Count);
        var (left, last, steps) = (candidates, new Dictionary<AdapterCandidate, SearchTrial>(), options.FirstSteps);
        for (var round = 1; ; round++, steps = checked(steps * options.Factor))
        {
            foreach (var candidate in left)
            {
                cancellationToken.ThrowIfCancellationRequested();
                last[candidate] = new SearchTrial(candidate, round, steps, measure(candidate, steps));
                trial?.Invoke(last[candidate]);
            }

            // What is equally good goes by its size, and then by its place in the list.
            var ranked = left.OrderByDescending(candidate => Rank(last[candidate])).ThenBy(candidate => candidate.Parameters).ToList();
            left = [.. ranked.Take(Math.Max(1, left.Count / options.Factor))];
            if (left.Count == 1) break;
        }

        SearchTrial[] trials = [.. candidates.Select(candidate => last[candidate])
            .OrderByDescending(of => of.Round).ThenByDescending(Rank).ThenBy(of => of.Candidate.Parameters)];
        return new SearchResult(
            trials, Front(trials, of => of.Candidate.Parameters), Front(trials, of => of.Measurement.Bytes), Front(trials, of => of.Measurement.Seconds / of.Steps));
    }

    private static IReadOnlyList<SearchTrial> Front(SearchTrial[] trials, Func<SearchTrial, double> cost) =>
        ParetoFront.Of(trials.Where(of => double.IsFinite(of.Measurement.Quality)), of => of.Measurement.Quality, cost);

    private static double Rank(SearchTrial trial) => double.IsNaN(trial.Measurement.Quality) ? double.NegativeInfinity : trial.Measurement.Quality;
}
