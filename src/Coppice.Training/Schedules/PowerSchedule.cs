using Coppice.Foundation;

namespace Coppice.Training.Schedules;

/// <summary>
/// A power of the tokens n that the model has seen in its whole life, the step's own included, and of nothing else but the batch: so that it
/// doesn't matter into how many runs those tokens were cut. Without an amplitude a, peak · (n / n_w)^b from the end n_w of the warm-up on; with
/// one, min(peak, β · a · n^b) for batches of β times 4,096 tokens, which is the paper's form, where a belongs to models parameterised for it
/// (μP). Never below the constant learning rate; a linear branch to the final one, unless another shape is asked for.
/// </summary>
/// <param name="settings">Peak, floor, final learning rate, warm-up, total, exponent b and amplitude a.</param>
[Technique("power", Title = "Power Scheduler: A Batch Size and Token Number Agnostic Learning Rate Scheduler", Paper = "arXiv:2408.13359")]
public sealed class PowerSchedule(ScheduleSettings settings) : BranchingSchedule(settings, DecayShape.Linear)
{
    /// <summary>The tokens of a sequence that the paper's amplitudes are for.</summary>
    private const double SequenceLength = 4096;

    private protected override double Trunk(double position)
    {
        var n = position + Settings.StepLength;
        var rate = Settings.PowerAmplitude > 0
            ? Settings.BatchTokens / SequenceLength * Settings.PowerAmplitude * Math.Pow(n / Settings.StepLength * Settings.BatchTokens, Settings.PowerExponent)
            : Settings.PeakLearningRate * Math.Pow(n / (Settings.Warmup + Settings.StepLength), Settings.PowerExponent);
        var floor = Math.Max(Settings.ConstantLearningRate, Settings.FinalLearningRate);
        return Math.Min(Settings.PeakLearningRate, Math.Max(floor, rate));
    }
}
