namespace Coppice.Training.Schedules;

/// <summary>The peak after the warm-up, to the end.</summary>
/// <param name="settings">Peak and warm-up.</param>
public sealed class ConstantSchedule(ScheduleSettings settings) : ISchedule
{
    /// <inheritdoc/>
    public double LearningRate(long step, long tokens) =>
        settings.InWarmup(settings.Position(step, tokens), out var rising) ? rising : settings.PeakLearningRate;
}
