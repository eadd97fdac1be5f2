using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Continual.MixtureLaws;

/// <summary>
/// The short runs from which <see cref="SharePredictor"/> predicts an update: all from the same parent and data seed, at a constant learning rate after the update's
/// warm-up, measured evenly in the logarithm of tokens.
/// </summary>
public sealed record TrialPlan
{
    /// <summary>How often each trial is measured.</summary>
    public const int Measurements = 8;

    /// <summary>The usual share of the update's tokens in each trial.</summary>
    public const double DefaultFraction = 0.15;

    // Old text is at its worst within about this part of an update.
    private const double Spike = 0.1;

    // The first measurement, by the tokens of the trial.
    private const double First = 0.05;

    /// <summary>The shares of replay, one trial each; 0 is for the report alone.</summary>
    public IReadOnlyList<double> Shares { get; } = [0, 0.02, 0.1, 0.25, 0.5];

    /// <summary>Tokens of each trial, whole steps.</summary>
    public required long TokensPerTrial { get; init; }

    /// <summary>After how many tokens to measure, whole steps, rising; the last is the end of the trial.</summary>
    public required IReadOnlyList<long> MeasureAt { get; init; }

    /// <summary>Why the trials may mislead, a sentence each; usually empty.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Tokens of all trials together.</summary>
    public long TotalTokens => TokensPerTrial * Shares.Count;

    /// <summary>Plans the trials of an update.</summary>
    /// <param name="updateTokens">Tokens of the planned update.</param>
    /// <param name="tokensPerStep">Tokens of an optimizer step.</param>
    /// <param name="warmupTokens">Tokens of the warm-up: nothing is measured until the rate is constant.</param>
    /// <param name="fraction">Tokens of a trial by those of the update, above 0 and at most 1: 0.1 to 0.2.</param>
    /// <exception cref="CoppiceException">The update is too short for trials, or a number makes no sense.</exception>
    public static TrialPlan For(long updateTokens, long tokensPerStep, long warmupTokens = 0, double fraction = DefaultFraction)
    {
        if (tokensPerStep <= 0 || updateTokens <= 0 || warmupTokens < 0)
            throw new CoppiceException("Trials of an update need tokens per step and tokens of the update above 0, and a warm-up that isn't below 0.");
        if (!(fraction is > 0 and <= 1))
            throw new CoppiceException($"A trial of {fraction.ToString(CultureInfo.InvariantCulture)} of the update can't be: give a part above 0 and at most 1.");
        var last = (long)(updateTokens * fraction) / tokensPerStep;
        var first = Math.Max(1, Math.Max((long)Math.Ceiling(First * last), (warmupTokens + tokensPerStep - 1) / tokensPerStep));
        if (last - first + 1 < Measurements)
            throw new CoppiceException(
                $"Trials of {last} steps are too short to measure {Measurements} times after the warm-up. Give the share of replay yourself, or a longer update or trial.");
        var warnings = new List<string>();
        if (fraction < Spike)
            warnings.Add($"Trials shorter than {Spike.ToString("P0", CultureInfo.InvariantCulture)} of the update may end before old text has recovered from the spike at its start, and then rank shares wrongly.");
        return new TrialPlan { TokensPerTrial = last * tokensPerStep, MeasureAt = [.. Steps(first, last).Select(step => step * tokensPerStep)], Warnings = warnings };
    }

    private static IEnumerable<long> Steps(long first, long last)
    {
        var before = first - 1;
        for (var i = 0; i < Measurements; i++)
        {
            var even = (long)Math.Round(first * Math.Pow((double)last / first, i / (Measurements - 1.0)));
            // Different steps, even where rounding says otherwise, and enough left for the rest.
            before = Math.Min(Math.Max(even, before + 1), last - (Measurements - 1 - i));
            yield return before;
        }
    }
}
