namespace Coppice.Adapters;

/// <summary>What a model makes of a task's examples.</summary>
/// <param name="Loss">The mean loss of a counted target.</param>
/// <param name="Primary">The name of the metric that the task is judged by; one of <paramref name="Values"/>.</param>
/// <param name="Values">The metrics by their names, each with its 95 % interval. Where none was asked for, both ends of the interval are the value.</param>
public sealed record TaskMetrics(double Loss, string Primary, IReadOnlyDictionary<string, BootstrapInterval> Values)
{
    /// <summary>The metric that the task is judged by.</summary>
    public double Value => Values[Primary].Value;

    /// <summary>Whether that metric is one such as accuracy; false for a loss.</summary>
    public bool HigherIsBetter => IsHigherBetter(Primary);

    /// <summary>Whether more of a metric is better.</summary>
    /// <param name="metric">Its name.</param>
    public static bool IsHigherBetter(string metric) => metric is not ("loss" or "perplexity" or "rmse");
}

/// <summary>Gathers the metrics of a task.</summary>
/// <param name="intervals">Whether intervals are wanted: they take a thousand times as long as the value.</param>
/// <param name="cancellation">Ends it between two draws.</param>
internal sealed class TaskMetricsBuilder(bool intervals, CancellationToken cancellation)
{
    private readonly Dictionary<string, BootstrapInterval> _values = new(StringComparer.Ordinal);

    /// <summary>Measures.</summary>
    public TaskMetricsBuilder Add<T>(string name, IReadOnlyList<T> guessed, IReadOnlyList<T> right, Func<IReadOnlyList<T>, IReadOnlyList<T>, double> metric)
    {
        if (intervals)
        {
            _values.Add(name, BootstrapInterval.Of(guessed, right, metric, cancellationToken: cancellation));
            return this;
        }

        var value = metric(guessed, right);
        _values.Add(name, new BootstrapInterval(value, value, value, right.Count));
        return this;
    }

    /// <summary>The metrics, of which the first that was added is the one that the task is judged by.</summary>
    public TaskMetrics Finish(double loss) => new(loss, _values.Keys.First(), _values);
}
