using Coppice.Training.Metrics;

namespace Coppice.Training.Reports;

/// <summary>
/// Writes the report of a run anew at each evaluation and at the end, from <c>metrics.jsonl</c>, so that it tells a resumed run from its
/// beginning. It comes after the <see cref="MetricsWriter"/> among a run's observers.
/// </summary>
/// <param name="path">The report.</param>
/// <param name="metricsPath">The run's <c>metrics.jsonl</c>.</param>
/// <param name="report">Title, recipe and provenance; its events are those of the file.</param>
public sealed class RunReportWriter(string path, string metricsPath, RunReport report) : IRunObserver
{
    /// <inheritdoc/>
    public void Observe(RunEvent happened)
    {
        if (happened is EvaluationMetrics) Write();
    }

    /// <inheritdoc/>
    public void Finished(RunEnd end) => Write();

    private void Write() => (report with { Events = MetricsFile.Read(metricsPath) }).Write(path);
}
