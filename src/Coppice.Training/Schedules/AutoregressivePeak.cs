using Coppice.Foundation;

namespace Coppice.Training.Schedules;

/// <summary>
/// The peak of one of many rounds, each of which warms up again and follows a cosine: what one cosine over all rounds so far and this one gives
/// at the end of this round's warm-up. With rounds of one length the peaks fall from round to round.
/// </summary>
[Technique("autoregressive-peaks", Title = "TiC-LM: A Web-Scale Benchmark for Time-Continual LLM Pretraining", Paper = "arXiv:2504.02107")]
public static class AutoregressivePeak
{
    /// <summary>The peak of a round.</summary>
    /// <param name="first">The peak of the first round.</param>
    /// <param name="final">The learning rate at the end of each round.</param>
    /// <param name="stepsBefore">Steps of all rounds before this one; 0 gives the first peak.</param>
    /// <param name="steps">Steps of this round.</param>
    /// <param name="warmup">Steps of its warm-up; fewer than its steps.</param>
    public static double Of(double first, double final, long stepsBefore, long steps, long warmup)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(stepsBefore);
        ArgumentOutOfRangeException.ThrowIfNegative(warmup);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(warmup, steps);
        var whole = new ScheduleSettings { PeakLearningRate = first, FinalLearningRate = final, Warmup = warmup, Total = stepsBefore + steps };
        return new CosineSchedule(whole).LearningRate(stepsBefore + warmup, 0);
    }
}
