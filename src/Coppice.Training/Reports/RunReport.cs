using System.Globalization;
using Coppice.Foundation;
using Coppice.Training.Metrics;

namespace Coppice.Training.Reports;

/// <summary>The report of a training run: its numbers, curves, samples, recipe and provenance on one page.</summary>
public sealed record RunReport
{
    /// <summary>The usual name of the file in a run's directory.</summary>
    public const string FileName = "report.html";

    private const int MaximumSampledSteps = 6, MaximumWarnings = 50;

    // The smoothed line averages a fiftieth of the points to each side, but never more than 100.
    private const int SmoothingShare = 50, MaximumSmoothing = 100;

    /// <summary>The page's title, such as the model's name.</summary>
    public required string Title { get; init; }

    /// <summary>A line under the title.</summary>
    public string Summary { get; init; } = "";

    /// <summary>What happened, in its order.</summary>
    public required IReadOnlyList<RunEvent> Events { get; init; }

    /// <summary>The resolved recipe as YAML.</summary>
    public required string Recipe { get; init; }

    /// <summary>Where the model comes from: fingerprints, software, machine.</summary>
    public IReadOnlyList<(string Name, string Value)> Provenance { get; init; } = [];

    /// <summary>Writes the page.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <exception cref="CoppiceException">The file can't be written.</exception>
    public void Write(string path) => AtomicFile.WriteText(path, ToHtml());

    /// <summary>The page.</summary>
    public string ToHtml()
    {
        var page = new HtmlPage(Title, Summary);
        var steps = Events.OfType<StepMetrics>().ToList();
        var evaluations = Events.OfType<EvaluationMetrics>().ToList();
        page.Numbers(Headline(steps, evaluations));
        AddCurves(page, steps, evaluations);
        AddWarnings(page, steps);
        AddSamples(page);
        page.Heading("Recipe");
        page.Preformatted(Recipe);
        if (Provenance.Count > 0)
        {
            page.Heading("Provenance");
            page.Table(Provenance);
        }

        return page.ToString();
    }

    private static IEnumerable<(string Name, string Value, string Note)> Headline(List<StepMetrics> steps, List<EvaluationMetrics> evaluations)
    {
        if (evaluations.Count > 0)
        {
            var last = evaluations[^1];
            var best = evaluations.MinBy(evaluation => double.IsNaN(evaluation.Loss) ? double.PositiveInfinity : evaluation.Loss)!;
            yield return ("Validation loss", NumberText.Short(last.Loss), best.Loss < last.Loss ? $"best {NumberText.Short(best.Loss)} at step {NumberText.Whole(best.Step)}" : "nats per token");
            if (last.BitsPerByte is { } bits) yield return ("Bits per byte", NumberText.Short(bits), last.Whole ? "whole validation split" : "part of the split");
        }

        if (steps.Count == 0) yield break;
        yield return ("Training loss", NumberText.Short(Smooth(Curve(steps, step => step.Loss))[^1].Y), "smoothed, nats per token");
        yield return ("Steps", NumberText.Whole(steps[^1].Step), "");
        yield return ("Tokens", NumberText.Short(steps[^1].Tokens), "");
        var speeds = steps.Select(step => step.TokensPerSecond).Order().ToList();
        yield return ("Tokens per second", NumberText.Short(speeds[speeds.Count / 2]), "median");
    }

    private static void AddCurves(HtmlPage page, List<StepMetrics> steps, List<EvaluationMetrics> evaluations)
    {
        var loss = Curve(steps, step => step.Loss);
        var series = new List<ChartSeries>
        {
            new("training", loss, 1, SeriesStyle.Faint),
            new("training, smoothed", Smooth(loss), 1),
        };
        if (evaluations.Count > 0) series.Add(new("validation", [.. evaluations.Select(evaluation => ((double)evaluation.Step, evaluation.Loss))], 2, SeriesStyle.Dots));
        page.Chart(new LineChart { Title = "Loss, nats per token", XLabel = "step", Series = series });
        page.Charts(
            Small("Learning rate", step => step.LearningRate),
            Small("Gradient norm, before clipping", step => step.GradientNorm),
            Small("Tokens per second", step => step.TokensPerSecond));

        LineChart Small(string title, Func<StepMetrics, double> value) =>
            new() { Title = title, XLabel = "step", FromZero = true, Series = [new ChartSeries(title, Curve(steps, value))] };
    }

    private void AddWarnings(HtmlPage page, List<StepMetrics> steps)
    {
        var skipped = steps.Count(step => step.Skipped);
        var warnings = Events.OfType<RunWarning>().Select(warning => $"Step {NumberText.Whole(warning.Step)}: {warning.Message}").ToList();
        if (skipped > 0) warnings.Insert(0, $"{skipped} of {steps.Count} steps that were logged were skipped as outliers.");
        if (warnings.Count == 0) return;
        page.Heading("Warnings");
        page.List(warnings.Take(MaximumWarnings));
        if (warnings.Count > MaximumWarnings) page.Paragraph($"{warnings.Count - MaximumWarnings} more are in {MetricsFile.Name}.");
    }

    private void AddSamples(HtmlPage page)
    {
        var samples = Events.OfType<TextSample>().ToList();
        if (samples.Count == 0) return;
        page.Heading("Samples");
        var sampledSteps = samples.Select(sample => sample.Step).Distinct().ToList();
        var shown = sampledSteps.Count <= MaximumSampledSteps
            ? sampledSteps
            : [.. Enumerable.Range(0, MaximumSampledSteps).Select(i => sampledSteps[i * (sampledSteps.Count - 1) / (MaximumSampledSteps - 1)])];
        foreach (var sample in samples.Where(sample => shown.Contains(sample.Step))) page.Sample($"step {NumberText.Whole(sample.Step)}", sample.Prompt, sample.Text);
        if (shown.Count < sampledSteps.Count) page.Paragraph($"{shown.Count} of {sampledSteps.Count} times; all are in {MetricsFile.Name}.");
    }

    private static (double X, double Y)[] Curve(List<StepMetrics> steps, Func<StepMetrics, double> value) => [.. steps.Select(step => ((double)step.Step, value(step)))];

    // The mean of the points around each: unlike a moving average of the past, it doesn't lag behind a falling loss.
    private static (double X, double Y)[] Smooth((double X, double Y)[] points)
    {
        var reach = Math.Clamp(points.Length / SmoothingShare, 1, MaximumSmoothing);
        return [.. points.Select((point, i) => (point.X, points[Math.Max(0, i - reach)..Math.Min(points.Length, i + reach + 1)]
            .Select(near => near.Y).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average()))];
    }
}
