using Coppice.Training.Metrics;
using Coppice.Training.Recipes;

namespace Coppice.Training.Loop;

/// <summary>The loss on the validation split every so many steps; the one on the whole split at the end is the run's own.</summary>
internal sealed class ValidationProbe(ValidationLoss validation, EvaluationSection settings) : IRunProbe
{
    /// <inheritdoc/>
    public bool IsDue(long step, long totalSteps) => step > 0 && step < totalSteps && settings.Every > 0 && step % settings.Every == 0;

    /// <inheritdoc/>
    public double? Measure(RunMoment moment) => Measure(moment, settings.MaxTokens).Loss;

    /// <summary>Measures on so many tokens; 0 for all.</summary>
    public ValidationResult Measure(RunMoment moment, long maxTokens)
    {
        var result = validation.Measure(maxTokens);
        moment.Tell(new EvaluationMetrics
        {
            Step = moment.Step, Tokens = moment.Tokens, Loss = result.Loss, BitsPerByte = result.BitsPerByte, EvaluatedTokens = result.Tokens, Whole = result.Whole,
        });
        return result;
    }
}
