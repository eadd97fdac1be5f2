using Coppice.Adapters;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;

namespace Coppice.Cli.Commands;

/// <summary>What <c>coppice adapt</c> shows, and what <c>coppice evaluate</c> shows of what it made.</summary>
internal static class AdaptOutput
{
    /// <summary>A plan.</summary>
    public static void Show(AdaptPlan plan, bool json)
    {
        var memory = plan.Memory;
        if (json)
        {
            JsonOutput.Write(new
            {
                TrainedParameters = plan.Trained, plan.Parameters, plan.Steps, plan.Examples, plan.Tokens, WeightsMib = InMebibytes(memory.Weights), GradientsMib = InMebibytes(memory.Gradients),
                OptimizerMib = InMebibytes(memory.Optimizer), ActivationsMib = InMebibytes(memory.Activations), OtherMib = InMebibytes(memory.Other + memory.Run), PeakMib = InMebibytes(plan.Peak),
            });
            return;
        }

        Page.Facts(
            ("trained", Trained(plan.Trained, plan.Parameters)),
            ("examples", $"{Figures.Count(plan.Examples)}, {Figures.Count(plan.Tokens, "token")}"),
            ("run", Figures.Count(plan.Steps, "step")),
            ("weights", Mebibytes(memory.Weights)),
            ("gradients", Mebibytes(memory.Gradients)),
            ("optimizer", Mebibytes(memory.Optimizer)),
            ("activations", Mebibytes(memory.Activations)),
            ("everything else", Mebibytes(memory.Other + memory.Run)),
            ("total", $"{Mebibytes(plan.Peak)} resident at most{(plan.Loading > memory.RunTotal ? ", while the model is quantised" : "")}"));
    }

    /// <summary>A run's result.</summary>
    public static void Show(AdaptRunResult result, string run, bool json, object? search)
    {
        var training = result.Training;
        if (json)
        {
            JsonOutput.Write(new
            {
                result.Task, result.Method, Metric = training.Validation?.Primary, training.Validation?.Value, training.Validation?.Loss, Metrics = training.Validation?.Values, training.TrainLoss,
                training.Steps, training.Tokens, training.Seconds, training.BestStep, training.StoppedEarly, TrainedParameters = result.Trained, result.Parameters, training.Interrupted,
                Output = result.Directory, Search = search,
            });
        }
        else if (!training.Interrupted)
        {
            Page.Facts(
            [
                .. training.Validation is { } validation ? Facts(validation) : [],
                ("training loss", Figures.Number(training.TrainLoss)),
                ("steps", $"{Figures.Count(training.Steps)}{(training.StoppedEarly ? ", ended early" : "")}{(training.BestStep >= 0 ? $", weights of step {Figures.Count(training.BestStep)}" : "")}"),
                ("time", $"{Figures.Duration(TimeSpan.FromSeconds(training.Seconds))}, {Figures.Count((long)(training.Tokens / Math.Max(1e-9, training.Seconds)))} tokens/s"),
                ("trained", Trained(result.Trained, result.Parameters)),
                (result.Method == AdapterSection.Full ? "model" : "adapter", result.Directory),
            ]);
        }

        if (training.Interrupted) Terminal.WriteLine($"Interrupted after {Figures.Count(training.Steps, "step")}, everything is saved. Go on with: coppice adapt --resume -o {TrainingOutput.ShellWord(run)}");
    }

    /// <summary>What was measured on a task.</summary>
    public static void Show(AdaptRecipe recipe, TaskMetrics metrics, bool json)
    {
        if (json) JsonOutput.Write(new { Task = recipe.Task.Name, recipe.Adapter.Method, Metric = metrics.Primary, metrics.Value, metrics.Loss, Metrics = metrics.Values });
        else Page.Facts([.. Facts(metrics)]);
    }

    /// <summary>A metric with its interval.</summary>
    public static string Interval(BootstrapInterval interval) =>
        $"{Figures.Number(interval.Value)} ({Figures.Number(interval.Low)} to {Figures.Number(interval.High)}, {Figures.Count(interval.Examples)} examples)";

    private static IEnumerable<(string Name, string Value)> Facts(TaskMetrics metrics) =>
    [
        .. metrics.Values.Select(metric => (metric.Key.Replace('_', ' '), Interval(metric.Value))),
        .. metrics.Values.ContainsKey("loss") ? Array.Empty<(string, string)>() : [("loss", Figures.Number(metrics.Loss))],
    ];

    private static string Trained(long trained, long all) => FormattableString.Invariant($"{Figures.Count(trained)} of {Figures.Count(all)} ({100.0 * trained / all:0.###} %)");

    private static double InMebibytes(long bytes) => Math.Round(bytes / 1048576.0, 2);

    private static string Mebibytes(long bytes) => $"{Figures.Number(bytes / 1048576.0)} MiB";
}
