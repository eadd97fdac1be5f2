using Coppice.Foundation;

namespace Coppice.Training.Schedules;

/// <summary>
/// Warm-up, a cool-down to a constant learning rate, that rate for as long as text comes, and a branch down to the final learning rate for a
/// release: exponential, constant · (final / constant)^q, unless another shape is asked for. A run that goes on from a trunk has neither
/// warm-up nor cool-down: it begins at the constant rate.
/// </summary>
/// <param name="settings">Peak, constant and final learning rate, warm-up, cool-down, total and the share of the branch.</param>
[Technique("infinite", Title = "Beyond Cosine Decay: On the effectiveness of Infinite Learning Rate Schedule for Continual Pre-training", Paper = "arXiv:2503.02844")]
public sealed class InfiniteSchedule(ScheduleSettings settings) : BranchingSchedule(settings, DecayShape.Exponential)
{
    private const double Steepness = 10;

    private protected override double Trunk(double position)
    {
        var constant = Settings.ConstantOrHalfOfPeak;
        var done = ScheduleSettings.Share(position, Settings.Warmup, Settings.Warmup + Settings.Cooldown);
        if (done is 0) return Settings.PeakLearningRate;
        if (done is 1) return constant;
        var left = Settings.CooldownShape switch
        {
            CooldownShape.Cosine => 0.5 * (1 + Math.Cos(Math.PI * done)),
            CooldownShape.InverseSqrt => 1 - (Fall(done) / Fall(1)),
            _ => 1 - done,
        };
        return constant + (left * (Settings.PeakLearningRate - constant));
    }

    private static double Fall(double x) => (1 / Math.Sqrt(1 + (Steepness * x))) - 1;
}
