using Coppice.Foundation;

namespace Coppice.Training.Schedules;

/// <summary>Half a cosine wave from the peak down to the final learning rate, without restarts.</summary>
/// <param name="settings">Peak, final learning rate, warm-up and total.</param>
[Technique("cosine", Title = "SGDR: Stochastic Gradient Descent with Warm Restarts", Paper = "arXiv:1608.03983")]
public sealed class CosineSchedule(ScheduleSettings settings) : ISchedule
{
    /// <inheritdoc/>
    public double LearningRate(long step, long tokens)
    {
        var position = settings.Position(step, tokens);
        if (settings.InWarmup(position, out var rising)) return rising;
        var done = ScheduleSettings.Share(position, settings.Warmup, settings.Total);
        return settings.BetweenFinalAndPeak(0.5 * (1 + Math.Cos(Math.PI * done)));
    }
}
