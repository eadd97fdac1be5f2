namespace Coppice.Training.Schedules;

/// <summary>A straight line from the peak down to the final learning rate.</summary>
/// <param name="settings">Peak, final learning rate, warm-up and total.</param>
public sealed class LinearSchedule(ScheduleSettings settings) : ISchedule
{
    /// <inheritdoc/>
    public double LearningRate(long step, long tokens)
    {
        var position = settings.Position(step, tokens);
        if (settings.InWarmup(position, out var rising)) return rising;
        return settings.BetweenFinalAndPeak(1 - ScheduleSettings.Share(position, settings.Warmup, settings.Total));
    }
}
