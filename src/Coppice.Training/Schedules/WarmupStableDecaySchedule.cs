using Coppice.Foundation;

namespace Coppice.Training.Schedules;

/// <summary>
/// Warm-up, then the peak for most of the run, then down to the final learning rate in the last part, in a straight line unless another shape
/// is asked for. A checkpoint from the stable part can be trained on with more text and any total; only the decay is done again.
/// </summary>
/// <param name="settings">Peak, final learning rate, warm-up, total and the share of the decay.</param>
[Technique("wsd", Title = "MiniCPM: Unveiling the Potential of Small Language Models with Scalable Training Strategies", Paper = "arXiv:2404.06395")]
public sealed class WarmupStableDecaySchedule(ScheduleSettings settings) : BranchingSchedule(settings, DecayShape.Linear)
{
    private protected override double Trunk(double position) => Settings.PeakLearningRate;
}
