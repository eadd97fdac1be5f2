using Coppice.Foundation;

namespace Coppice.Training.Schedules;

/// <summary>
/// Falls with the inverse square root of the position: peak * sqrt((warm-up + 1) / (position + 1)) with a step as the unit. It needs no total,
/// so a run can go on for as long as there is text.
/// </summary>
/// <param name="settings">Peak and warm-up.</param>
[Technique("inverse_sqrt", Title = "Attention Is All You Need", Paper = "arXiv:1706.03762")]
public sealed class InverseSquareRootSchedule(ScheduleSettings settings) : ISchedule
{
    /// <inheritdoc/>
    public double LearningRate(long step, long tokens)
    {
        var position = settings.Position(step, tokens);
        if (settings.InWarmup(position, out var rising)) return rising;
        return settings.PeakLearningRate * Math.Sqrt((double)(settings.Warmup + settings.StepLength) / (position + settings.StepLength));
    }
}
