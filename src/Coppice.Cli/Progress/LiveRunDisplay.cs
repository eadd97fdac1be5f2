using Coppice.Cli.Output;
using Coppice.Training.Metrics;

namespace Coppice.Cli.Progress;

/// <summary>A run as a bar with the latest numbers under it, drawn over; stages, warnings and samples scroll by above.</summary>
internal sealed class LiveRunDisplay : RunDisplay
{
    private const string Levels = "▁▂▃▄▅▆▇█";
    private const int BarWidth = 40, CurveWidth = 24;

    private readonly List<double> _losses = [];
    private StepMetrics? _step;
    private string _validation = "";

    /// <summary>Does the work under the display, which is gone at the end.</summary>
    public static T Show<T>(Func<RunDisplay, T> work)
    {
        try
        {
            return work(new LiveRunDisplay());
        }
        finally
        {
            Terminal.Draw();
        }
    }

    /// <inheritdoc/>
    public override void Observe(RunEvent happened)
    {
        base.Observe(happened);
        if (happened is EvaluationMetrics evaluation) _validation = $"  validation {Figures.Number(evaluation.Loss)}";
        if (happened is StepMetrics step)
        {
            _step = step;
            if (double.IsFinite(step.Loss)) _losses.Add(step.Loss);
        }

        if (_step is not null) Draw(_step);
    }

    private void Draw(StepMetrics step)
    {
        var share = (double)step.Step / TotalSteps;
        var done = (int)(BarWidth * share);
        Terminal.Draw(
            "",
            $"{new string('━', done)}{new string('─', BarWidth - done)}  {Figures.Percent(share)}  step {Figures.Count(step.Step)} of {Figures.Count(TotalSteps)}  {TimeLeft(step.Step)}",
            $"{Curve()}  {Describe(step)}{_validation}");
    }

    // The loss of the whole run so far: each column is the mean of as many points as fall into it.
    private string Curve()
    {
        if (_losses.Count == 0) return "";
        var columns = Math.Min(CurveWidth, _losses.Count);
        var means = Enumerable.Range(0, columns).Select(i => _losses[(i * _losses.Count / columns)..((i + 1) * _losses.Count / columns)].Average()).ToList();
        var (low, high) = (means.Min(), means.Max());
        return string.Concat(means.Select(mean => Levels[high > low ? (int)((mean - low) / (high - low) * (Levels.Length - 1)) : 0]));
    }
}
