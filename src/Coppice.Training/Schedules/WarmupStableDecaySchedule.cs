using Coppice.Foundation;

namespace Coppice.Training.Schedules;

/// <summary>
/// Warm-up, then the peak for most of the run, then a straight line down to the final learning rate in the last part. A checkpoint from the
/// stable part can be trained on with more text and any total; only the decay is done again.
/// </summary>
/// <param name="settings">Peak, final learning rate, warm-up, total and the share of the decay.</param>
[Technique("wsd", Title = "MiniCPM: Unveiling the Potential of Small Language Models with Scalable Training Strategies", Paper = "arXiv:2404.06395")]
public sealed class WarmupStableDecaySchedule(ScheduleSettings settings) : IBranchingSchedule
{
    /// <inheritdoc/>
    public long DecayStart => (long)Math.Ceiling(DecayPosition / settings.StepLength);

    private double DecayPosition => Math.Max(settings.Warmup, settings.Total * (1 - settings.DecayShare));

    /// <inheritdoc/>
    public double LearningRate(long step, long tokens)
    {
        var position = settings.Position(step, tokens);
        if (settings.InWarmup(position, out var rising)) return rising;
        return settings.BetweenFinalAndPeak(1 - ScheduleSettings.Share(position, DecayPosition, settings.Total));
    }
}
