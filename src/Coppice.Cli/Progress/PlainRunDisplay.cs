using System.Diagnostics;
using Coppice.Cli.Output;
using Coppice.Training.Metrics;

namespace Coppice.Cli.Progress;

/// <summary>A run as lines: every measurement on validation text, and of the steps one every few seconds.</summary>
internal sealed class PlainRunDisplay : RunDisplay
{
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(5);
    private readonly Stopwatch _sinceLine = new();

    /// <inheritdoc/>
    public override void Observe(RunEvent happened)
    {
        base.Observe(happened);
        switch (happened)
        {
            case StepMetrics step when !_sinceLine.IsRunning || _sinceLine.Elapsed >= BetweenLines || step.Step == TotalSteps:
                _sinceLine.Restart();
                Notice($"{Position(step)}  {Describe(step)}  {TimeLeft(step.Step)}");
                break;
            case EvaluationMetrics evaluation:
                var bits = evaluation.BitsPerByte is { } value ? $"  {Figures.Number(value)} bits per byte" : "";
                var metrics = string.Concat(evaluation.Metrics?.Where(metric => metric.Key != "loss").Select(metric => $"  {metric.Key.Replace('_', ' ')} {Figures.Number(metric.Value)}") ?? []);
                Notice($"{Position(evaluation)}  {evaluation.Source ?? "validation"} loss {Figures.Number(evaluation.Loss)}{bits}{metrics}");
                break;
        }
    }

    private string Position(RunEvent happened) => $"step {Figures.Count(happened.Step)}/{Figures.Count(TotalSteps)}";
}
