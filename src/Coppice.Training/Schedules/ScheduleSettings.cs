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

    /// <summary>The position at which the run begins: what earlier runs did, where the schedule goes on from theirs.</summary>
    public long Prior { get; init; }

    /// <summary>The position at which the run ends: its length after <see cref="Prior"/>.</summary>
    public required long Total { get; init; }

    /// <summary>The part of the run, at its end, in which branching schedules come down; 0 to 1.</summary>
    public double DecayShare { get; init; }

    /// <summary>How they come down.</summary>
    public DecayShape DecayShape { get; init; }

    /// <summary>The learning rate at which the infinite schedule stays (0 means half of the peak), and below which the power schedule doesn't fall.</summary>
    public double ConstantLearningRate { get; init; }

    /// <summary>The length of the infinite schedule's way from the peak to its constant learning rate.</summary>
    public long Cooldown { get; init; }

    /// <summary>How it goes there.</summary>
    public CooldownShape CooldownShape { get; init; }

    /// <summary>The exponent of the power schedule.</summary>
    public double PowerExponent { get; init; } = -0.51;

    /// <summary>The amplitude of the power schedule; 0 for the one with which it passes the peak at the end of the warm-up.</summary>
    public double PowerAmplitude { get; init; }

    /// <summary>The tokens of a step, whatever lengths are counted in; only the power schedule with an amplitude reads it.</summary>
    public long BatchTokens { get; init; }

    /// <summary>The tokens of a step where lengths are in tokens; 0 where they are in steps.</summary>
    public long TokensPerStep { get; init; }

    /// <summary>What one step adds to the position.</summary>
    public long StepLength => TokensPerStep == 0 ? 1 : TokensPerStep;

    /// <summary>The constant learning rate of the infinite schedule.</summary>
    public double ConstantOrHalfOfPeak => ConstantLearningRate > 0 ? ConstantLearningRate : PeakLearningRate / 2;

    /// <summary>How far the model is.</summary>
    /// <param name="step">Steps of this run done.</param>
    /// <param name="tokens">Tokens of this run done.</param>
    public long Position(long step, long tokens) => Prior + (TokensPerStep == 0 ? step : tokens);

    /// <summary>
    /// The rising learning rate during the warm-up: peak * (position + 1) / (warm-up + 1) with a step as the unit,
    /// so that the first step already learns and the first step after the warm-up has the peak.
    /// </summary>
    /// <param name="position">How far the run is.</param>
    /// <param name="learningRate">The learning rate, where the warm-up is still on.</param>
    /// <returns>Whether the warm-up is still on.</returns>
    public bool InWarmup(long position, out double learningRate) => InWarmup(position, PeakLearningRate, out learningRate);

    /// <summary>The same for a warm-up that ends elsewhere than at the peak.</summary>
    /// <param name="position">How far the run is.</param>
    /// <param name="top">The learning rate at the end of the warm-up.</param>
    /// <param name="learningRate">The learning rate, where the warm-up is still on.</param>
    /// <returns>Whether the warm-up is still on.</returns>
    public bool InWarmup(long position, double top, out double learningRate)
    {
        learningRate = top * (position + StepLength) / (Warmup + StepLength);
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
