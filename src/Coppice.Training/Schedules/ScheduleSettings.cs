namespace Coppice.Training.Schedules;

/// <summary>
/// What the schedules have in common: the way up, which is linear for all of them, and the measure of how far the run is.
/// Lengths are in steps, or in tokens where the run is measured in tokens.
/// </summary>
public sealed record ScheduleSettings
{
    /// <summary>The learning rate at the end of the warm-up.</summary>
    public required double PeakLearningRate { get; init; }

    /// <summary>The learning rate at the end of the run, for schedules that come down to one.</summary>
    public double FinalLearningRate { get; init; }

    /// <summary>The length of the warm-up.</summary>
    public long Warmup { get; init; }

    /// <summary>The length of the run.</summary>
    public required long Total { get; init; }

    /// <summary>The part of the run, at its end, in which warm-up-stable-decay comes down; 0 to 1.</summary>
    public double DecayShare { get; init; }

    /// <summary>The tokens of a step where lengths are in tokens; 0 where they are in steps.</summary>
    public long TokensPerStep { get; init; }

    /// <summary>What one step adds to the position.</summary>
    public long StepLength => TokensPerStep == 0 ? 1 : TokensPerStep;

    /// <summary>How far the run is.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="tokens">Tokens done.</param>
    public long Position(long step, long tokens) => TokensPerStep == 0 ? step : tokens;

    /// <summary>
    /// The rising learning rate during the warm-up: peak * (position + 1) / (warm-up + 1) with a step as the unit,
    /// so that the first step already learns and the first step after the warm-up has the peak.
    /// </summary>
    /// <param name="position">How far the run is.</param>
    /// <param name="learningRate">The learning rate, where the warm-up is still on.</param>
    /// <returns>Whether the warm-up is still on.</returns>
    public bool InWarmup(long position, out double learningRate)
    {
        learningRate = PeakLearningRate * (position + StepLength) / (Warmup + StepLength);
        return position < Warmup;
    }

    /// <summary>How much of the way between two positions is done: 0 at the first or before, 1 at the second or after.</summary>
    /// <param name="position">How far the run is.</param>
    /// <param name="from">Where the way begins.</param>
    /// <param name="to">Where it ends.</param>
    public static double Share(double position, double from, double to)
    {
        if (position >= to) return 1;
        return position <= from ? 0 : (position - from) / (to - from);
    }

    /// <summary>The learning rate that lies a share of the way up from the final one to the peak.</summary>
    /// <param name="share">0 gives the final learning rate, 1 the peak.</param>
    public double BetweenFinalAndPeak(double share) => FinalLearningRate + (share * (PeakLearningRate - FinalLearningRate));
}
