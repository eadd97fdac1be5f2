using System.Diagnostics;
using Coppice.Cli.Output;
using Coppice.Training.Metrics;

namespace Coppice.Cli.Progress;

/// <summary>Shows a training run on stderr: a bar on a terminal, plain lines otherwise.</summary>
internal abstract class RunDisplay : IRunObserver
{
    private readonly Stopwatch _clock = new();
    private long _firstStep;

    /// <summary>Steps of the whole run.</summary>
    protected long TotalSteps { get; private set; }

    /// <summary>Does the work under a display that fits where stderr goes.</summary>
    /// <param name="work">Does it, and tells the display.</param>
    public static T Run<T>(Func<RunDisplay, T> work) => Terminal.IsLive ? LiveRunDisplay.Show(work) : work(new PlainRunDisplay());

    /// <summary>A line about a stage of the run.</summary>
    public void Notice(string line) => Terminal.WriteLine(line);

    /// <inheritdoc/>
    public void Started(RunStart start)
    {
        (TotalSteps, _firstStep) = (start.TotalSteps, start.FirstStep);
        _clock.Restart();
    }

    /// <inheritdoc/>
    public virtual void Observe(RunEvent happened)
    {
        switch (happened)
        {
            case RunWarning warning:
                Terminal.WriteLine($"warning, step {Figures.Count(warning.Step)}: {warning.Message}");
                break;
            case TextSample sample:
                Terminal.WriteLine($"sample, step {Figures.Count(sample.Step)}:\n    {Figures.Printable(sample.Prompt + sample.Text).Trim('\n').ReplaceLineEndings("\n    ")}");
                break;
        }
    }

    /// <summary>The time that the rest will take at the pace so far.</summary>
    protected string TimeLeft(long step)
    {
        var left = step > _firstStep ? _clock.Elapsed / (step - _firstStep) * (TotalSteps - step) : TimeSpan.Zero;
        return $"{Figures.Duration(left)} left";
    }

    /// <summary>What a step measured, in one line.</summary>
    protected static string Describe(StepMetrics step) =>
        $"loss {Figures.Number(step.Loss)}  learning rate {Figures.Number(step.LearningRate)}  {Figures.Count((long)step.TokensPerSecond)} tokens/s";
}
