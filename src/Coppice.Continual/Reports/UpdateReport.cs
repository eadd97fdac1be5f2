using System.Globalization;
using Coppice.Continual.Lineage;
using Coppice.Continual.Updates;
using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Training.Metrics;
using Coppice.Training.Reports;

namespace Coppice.Continual.Reports;

/// <summary>A prompt that parent and update continued.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Before">The parent's text.</param>
/// <param name="After">The update's text.</param>
public sealed record SamplePair(string Prompt, string Before, string After);

/// <summary>What an update cost, and what training again on everything would have.</summary>
/// <param name="Tokens">Tokens of the update.</param>
/// <param name="Seconds">Its time.</param>
/// <param name="AgainTokens">Tokens of one training on everything for as many epochs as its parts have had so far.</param>
/// <param name="AgainSeconds">Its time at the speed of the update.</param>
/// <param name="WattHours">Energy of the update's processor time, estimated at 10 watts a core in use.</param>
public sealed record UpdateCost(long Tokens, double Seconds, long AgainTokens, double AgainSeconds, double WattHours);

/// <summary>The page that an engineer hands to a reviewer: verdict, what became of every source and when, the chain of versions, samples, cost and provenance.</summary>
public sealed record UpdateReport
{
    /// <summary>The file in an update's directory.</summary>
    public const string FileName = "report.html";

    /// <summary>The page's title.</summary>
    public required string Title { get; init; }

    /// <summary>The outcome.</summary>
    public required UpdateResult Result { get; init; }

    /// <summary>What happened on the way.</summary>
    public required IReadOnlyList<RunEvent> Events { get; init; }

    /// <summary>The chain of versions, this update last.</summary>
    public required IReadOnlyList<Ancestor> Chain { get; init; }

    /// <summary>The resolved recipe as YAML.</summary>
    public required string Recipe { get; init; }

    /// <summary>Time, tokens, energy.</summary>
    public required UpdateCost Cost { get; init; }

    /// <summary>What parent and update write.</summary>
    public IReadOnlyList<SamplePair> Samples { get; init; } = [];

    /// <summary>Probes beside bits per byte: names with what was found, in words.</summary>
    public IReadOnlyList<(string Name, string Value)> Probes { get; init; } = [];

    /// <summary>Writes the page.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <exception cref="CoppiceException">It can't be written.</exception>
    public void Write(string path) => AtomicFile.WriteText(path, ToHtml());

    /// <summary>The page.</summary>
    public string ToHtml()
    {
        var page = new HtmlPage(Title, Result.Accepted ? "Accepted: the updated model is released." : "Refused: the parent stays the released model.");
        page.Numbers(Headline());
        AddVerdict(page);
        AddSources(page);
        AddCurves(page);
        AddShare(page);
        AddChain(page);
        AddProbes(page);
        AddSamples(page);
        AddCost(page);
        page.Heading("Recipe");
        page.Preformatted(Recipe);
        page.Heading("Provenance");
        page.Table(
        [
            .. Chain.Select((ancestor, version) => (Version(version), $"{ancestor.Directory}, {Start(ancestor.Fingerprint)}…{(ancestor.State == AncestorState.Intact ? "" : ", " + ancestor.State.ToString().ToLowerInvariant())}")),
            .. (Chain[^1].Provenance?.Sources ?? []).Select(source => (source.Name, $"{string.Join(", ", source.Paths)}: {NumberText.Whole(source.Documents)} documents, {NumberText.Whole(source.Bytes)} bytes, {NumberText.Whole(source.Tokens)} tokens{(source.Generated ? ", written by an ancestor" : "")}, {Start(source.Fingerprint)}…")),
        ]);
        return page.ToString();
    }

    // What was refused is no version: the next update goes on from its parent.
    private string Version(int number) => !Result.Accepted && number == Chain.Count - 1 ? "candidate" : FormattableString.Invariant($"version {number}");

    private IEnumerable<(string Name, string Value, string Note)> Headline()
    {
        yield return ("Verdict", Result.Accepted ? "accepted" : "refused", $"{Result.Verdict?.Bars.Count(bar => !bar.Broken) ?? 0} of {Result.Verdict?.Bars.Count ?? 0} bars passed");
        if (Result.Sources.Where(source => !source.New).MaxBy(source => source.ChangePercent) is { } worst) yield return ("Most forgotten", NumberText.Change(worst.ChangePercent), worst.Name);
        foreach (var added in Result.Sources.Where(source => source.New).Take(2)) yield return ("Learned", NumberText.Change(added.ChangePercent), added.Name);
        yield return ("Tokens", NumberText.Short(Result.Tokens), $"{Percent(Result.ReplayShare)} old ones");
        yield return ("Time", TimeSpan.FromSeconds(Result.Seconds).ToString(Result.Seconds >= 3600 ? @"h\:mm\:ss" : @"m\:ss", CultureInfo.InvariantCulture), Result.ChildWeight < 1 ? $"interpolated, {Percent(Result.ChildWeight)} of the update" : "training alone");
    }

    private void AddVerdict(HtmlPage page)
    {
        page.Heading("The gate");
        page.Grid(["", "bar", "what was measured"], [.. (Result.Verdict?.Bars ?? []).Select(bar => (IReadOnlyList<string>)[bar.Broken ? "broken" : "passed", bar.Name, bar.Explanation])]);
        if (Result.Verdict is { Advice.Count: > 0 } verdict)
        {
            page.Paragraph("What may help:");
            page.List(verdict.Advice);
        }
    }

    private void AddSources(HtmlPage page)
    {
        page.Heading("Every source");
        page.Paragraph("Bits per byte of text that was kept apart from all training: lower is better. The interval is from documents drawn anew; the worst value is that of any measurement during the update.");
        page.Grid(
            ["source", "before", "after", "change", "95 % interval", "worst", "best ancestor"],
            [.. Result.Sources.Select(source => (IReadOnlyList<string>)[
                source.New ? source.Name + " (new)" : source.Name, NumberText.Aligned(source.BitsPerByteBefore), NumberText.Aligned(source.BitsPerByteAfter), NumberText.Change(source.ChangePercent),
                source is { Low: { } low, High: { } high } ? $"{NumberText.Change(low)} to {NumberText.Change(high)}" : "", NumberText.Aligned(source.BitsPerByteWorst), source.BestAncestorBitsPerByte is { } best ? NumberText.Aligned(best) : ""])]);
    }

    private void AddCurves(HtmlPage page)
    {
        var measured = Events.OfType<EvaluationMetrics>().Where(metrics => metrics is { Source: not null, BitsPerByte: not null }).ToList();
        if (measured.Count > 0)
        {
            page.Heading("On the way");
            page.Paragraph("Against the value before the first step, on a part of each source. What rises at once and comes back is the stability gap.");
            var series = new List<ChartSeries>();
            foreach (var source in measured.GroupBy(metrics => metrics.Source!, StringComparer.Ordinal))
            {
                var start = source.First().BitsPerByte!.Value;
                series.Add(new ChartSeries(source.Key, [.. source.Select(metrics => ((double)metrics.Tokens, 100 * (metrics.BitsPerByte!.Value / start - 1)))], series.Count + 1, SeriesStyle.Dots));
            }

            page.Chart(new LineChart { Title = "Change of bits per byte, percent", XLabel = "tokens of the update", Series = series });
            page.Grid(["source", "deepest", "at token", "back within 2 %"], [.. measured.GroupBy(metrics => metrics.Source!, StringComparer.Ordinal).Select(Gap)]);
        }

        var steps = Events.OfType<StepMetrics>().ToList();
        if (steps.Count == 0) return;
        page.Charts(Small("Training loss, nats per token", step => step.Loss), Small("Learning rate", step => step.LearningRate), Small("Gradient norm", step => step.GradientNorm));

        LineChart Small(string title, Func<StepMetrics, double> value) =>
            new() { Title = title, XLabel = "step", FromZero = true, Series = [new ChartSeries(title, [.. steps.Select(step => ((double)step.Step, value(step)))])] };
    }

    private static IReadOnlyList<string> Gap(IGrouping<string, EvaluationMetrics> source)
    {
        var gap = StabilityGap.Of([.. source.Select(metrics => new LossPoint(metrics.Tokens, metrics.BitsPerByte!.Value))], bar: 0.02);
        return [source.Key, NumberText.Change(100 * gap.Depth), NumberText.Whole(gap.Worst.Tokens), gap.RecoveredAt is { } at ? $"from token {NumberText.Whole(at)}" : "never"];
    }

    private void AddShare(HtmlPage page)
    {
        if (Result.FittedShare is not { } fitted) return;
        page.Heading("The share of old text");
        page.Paragraph($"{fitted.Explanation} Predicted by laws fitted to short runs at a constant learning rate, so before the learning rate comes down.");
        page.Chart(new LineChart
        {
            Title = "Predicted change of bits per byte at the end, percent", XLabel = "share of old tokens, percent",
            Series =
            [
                new ChartSeries("old source that rises most", [.. fitted.Curve.Select(point => (100 * point.Share, 100 * point.OldRise))], 2, SeriesStyle.Dots),
                new ChartSeries("new text", [.. fitted.Curve.Select(point => (100 * point.Share, 100 * point.NewRise))], 1, SeriesStyle.Dots),
            ],
        });
    }

    private void AddChain(HtmlPage page)
    {
        if (ModelLineage.Matrix(Chain) is not { } matrix) return;
        page.Heading("Every version on every source");
        page.Paragraph("Bits per byte of each version (rows) on what was kept apart of each source (columns); the darker, the worse for the source.");
        page.HeatMap(
            [.. matrix.Sources.Select(source => source.Name)],
            [.. Chain.Select((_, version) => (Version(version), (IReadOnlyList<double?>)[.. matrix.Sources.Select((_, source) => matrix[version, source])]))]);
        if (matrix.BackwardTransfer is { } backward) page.Paragraph($"Backward transfer {NumberText.Aligned(backward)} bits per byte (positive: later updates helped earlier sources){(matrix.ForwardTransfer is { } forward ? $", forward transfer {NumberText.Aligned(forward)}" : "")}.");
    }

    private void AddProbes(HtmlPage page)
    {
        if (Probes.Count == 0) return;
        page.Heading("Probes");
        page.Table(Probes);
    }

    private void AddSamples(HtmlPage page)
    {
        if (Samples.Count == 0) return;
        page.Heading("The same prompts, before and after");
        foreach (var sample in Samples)
        {
            page.Sample("before", sample.Prompt, sample.Before);
            page.Sample("after", sample.Prompt, sample.After);
        }
    }

    private void AddCost(HtmlPage page)
    {
        page.Heading("Cost");
        page.Table(
        [
            ("this update", $"{NumberText.Whole(Cost.Tokens)} tokens, {Cost.Seconds / 60:0.0} minutes, about {Cost.WattHours:0.0} Wh (estimated at 10 W a core in use)"),
            ("training again on everything", $"{NumberText.Whole(Cost.AgainTokens)} tokens, {Cost.AgainSeconds / 60:0.0} minutes at the same speed: {Cost.AgainTokens / Math.Max(1.0, Cost.Tokens):0.0} times the update"),
        ]);
    }

    private static string Start(string fingerprint) => fingerprint[..Math.Min(16, fingerprint.Length)];

    private static string Percent(double share) => (100 * share).ToString("0.#", CultureInfo.InvariantCulture) + " %";
}
