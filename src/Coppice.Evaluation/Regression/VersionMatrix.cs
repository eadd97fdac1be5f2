using Coppice.Foundation;

namespace Coppice.Evaluation;

/// <summary>A source of text whose held-out part every version is measured on.</summary>
/// <param name="Name">Its name.</param>
/// <param name="LearnedIn">The version that learned it: 0 for the base model, i for the i-th update.</param>
public sealed record MatrixSource(string Name, int LearnedIn);

/// <summary>How much of a source the last version lost against the best version there was.</summary>
/// <param name="Absolute">In bits per byte; 0 where the last version is the best.</param>
/// <param name="Relative">The same over the best version's bits per byte; null where those are 0.</param>
/// <param name="BestVersion">The best version; the earliest of several.</param>
public sealed record Forgetting(double Absolute, double? Relative, int BestVersion);

/// <summary>
/// R[i, j]: bits per byte on held-out source j of version i; row 0 is the base model, row T the last update. Lower is better, and the signs are
/// such that positive is good for transfer and gain, and bad for forgetting, change and intransigence. What isn't defined is null, never 0.
/// </summary>
[Technique("backward-transfer", Title = "Gradient Episodic Memory for Continual Learning", Paper = "arXiv:1706.08840")]
[Technique("forgetting", Title = "Riemannian Walk for Incremental Learning: Understanding Forgetting and Intransigence", Paper = "arXiv:1801.10112")]
public sealed class VersionMatrix
{
    private readonly double?[][] _versions;

    /// <summary>A matrix.</summary>
    /// <param name="sources">The columns.</param>
    /// <param name="versions">The rows, from the base model on; null or NaN where a source did not exist.</param>
    /// <exception cref="ArgumentException">There is no row, a row has another length, a number is negative or infinite, or a source was learned in no version.</exception>
    public VersionMatrix(IReadOnlyList<MatrixSource> sources, IReadOnlyList<IReadOnlyList<double?>> versions)
    {
        if (versions.Count == 0) throw new ArgumentException("There is no version.", nameof(versions));
        if (sources.Any(source => source.LearnedIn < 0 || source.LearnedIn >= versions.Count)) throw new ArgumentException("A source was learned in no version.", nameof(sources));
        if (versions.Any(row => row.Count != sources.Count)) throw new ArgumentException("A version has more or fewer numbers than there are sources.", nameof(versions));
        if (versions.Any(row => row.Any(value => value < 0 || value is double.PositiveInfinity))) throw new ArgumentException("A number is no bits per byte.", nameof(versions));
        Sources = sources;
        _versions = [.. versions.Select(row => row.Select(value => value is double.NaN ? null : value).ToArray())];
    }

    /// <summary>The columns.</summary>
    public IReadOnlyList<MatrixSource> Sources { get; }

    /// <summary>T, the number of updates: the number of the last version.</summary>
    public int Updates => _versions.Length - 1;

    /// <summary>Mean of R[i, j] - R[T, j] over the sources j that an update i before the last one learned: what later updates gave to them, or took.</summary>
    public double? BackwardTransfer => Mean(Learned(1, Updates - 1).Select(source => this[Sources[source].LearnedIn, source] - this[Updates, source]));

    /// <summary>Mean of R[0, j] - R[i - 1, j] over the sources j that an update i after the first one learned: what earlier updates had already given to them.</summary>
    public double? ForwardTransfer => Mean(Learned(2, Updates).Select(source => this[0, source] - this[Sources[source].LearnedIn - 1, source]));

    /// <summary>R[version, source].</summary>
    /// <param name="version">The row.</param>
    /// <param name="source">The column.</param>
    public double? this[int version, int source] => _versions[version][source];

    /// <summary>Mean of a row over the sources that existed.</summary>
    /// <param name="version">The row.</param>
    public double? Average(int version) => Mean(_versions[version]);

    /// <summary>R[T, j] - min over all versions of R[·, j].</summary>
    /// <param name="source">The column j.</param>
    public Forgetting? Forgetting(int source)
    {
        if (this[Updates, source] is not { } last || Best(source, Updates + 1) is not (var best, var version)) return null;
        return new Forgetting(last - best, best > 0 ? (last - best) / best : null, version);
    }

    /// <summary>100 · (R[i, j] / R[i - 1, j] - 1): what an update changed, in percent.</summary>
    /// <param name="version">The row i.</param>
    /// <param name="source">The column j.</param>
    public double? ChangePercent(int version, int source) => version == 0 ? null : Percent(this[version, source], this[version - 1, source]);

    /// <summary>
    /// 100 · (R[i, j] / min over l &lt; i of R[l, j] - 1): against the best ancestor, for a chain of updates may lose a little each time, and ten
    /// times 1.9 % are 21 %.
    /// </summary>
    /// <param name="version">The row i.</param>
    /// <param name="source">The column j.</param>
    public double? ChangePercentAgainstBest(int version, int source) => Percent(this[version, source], Best(source, version)?.Value);

    /// <summary>R[i - 1, j] - R[i, j] for the update i that learned the source: bits per byte gained. Null for a source of the base model.</summary>
    /// <param name="source">The column j.</param>
    public double? Gain(int source) => Sources[source].LearnedIn is > 0 and var version ? this[version - 1, source] - this[version, source] : null;

    /// <summary>The gain over that of an arm that was only trained on the source; null where that arm gained nothing.</summary>
    /// <param name="source">The column.</param>
    /// <param name="plainGain">The arm's gain in bits per byte.</param>
    public double? GainShare(int source, double plainGain) => plainGain > 0 ? Gain(source) / plainGain : null;

    /// <summary>R[i, j] - the joint model's bits per byte, for the version i that learned the source: what could not be learned.</summary>
    /// <param name="source">The column j.</param>
    /// <param name="joint">Bits per byte of a model trained on all sources together.</param>
    public double? Intransigence(int source, double joint) => this[Sources[source].LearnedIn, source] - joint;

    private static double? Percent(double? value, double? reference) => reference > 0 ? 100 * (value / reference - 1) : null;

    private static double? Mean(IEnumerable<double?> values) => values.Average();

    private IEnumerable<int> Learned(int first, int last) => Enumerable.Range(0, Sources.Count).Where(source => Sources[source].LearnedIn >= first && Sources[source].LearnedIn <= last);

    private (double Value, int Version)? Best(int source, int versions)
    {
        (double Value, int Version)? best = null;
        for (var version = 0; version < versions; version++)
        {
            if (this[version, source] is { } value && !(best?.Value <= value)) best = (value, version);
        }

        return best;
    }
}
