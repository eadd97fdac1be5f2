using System.Text;
using Coppice.Foundation;

namespace Coppice.Training.Metrics;

/// <summary>
/// Appends each event of a run to <c>metrics.jsonl</c>. When a run goes on from a checkpoint, the lines that it wrote after that checkpoint are cut
/// off first, since it is going to write them again: the file ends up the same as that of a run that was never interrupted.
/// </summary>
public sealed class MetricsWriter : IRunObserver, IDisposable
{
    private readonly string _path;
    private readonly StreamWriter _writer;

    /// <summary>Opens the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="resumedAt">The step of the checkpoint that the run goes on from; null begins a new file.</param>
    /// <exception cref="CoppiceException">The file can't be read or written.</exception>
    public MetricsWriter(string path, long? resumedAt = null)
    {
        _path = path;
        var kept = resumedAt is not null && File.Exists(path) ? MetricsFile.Read(path).Where(happened => happened.Step <= resumedAt) : [];
        AtomicFile.WriteText(path, string.Concat(kept.Select(happened => MetricsFile.ToLine(happened) + "\n")));
        _writer = new StreamWriter(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read), new UTF8Encoding(false)) { AutoFlush = true };
    }

    /// <inheritdoc/>
    /// <exception cref="CoppiceException">The line can't be written.</exception>
    public void Observe(RunEvent happened)
    {
        try
        {
            _writer.Write(MetricsFile.ToLine(happened) + "\n");
        }
        catch (IOException error)
        {
            throw new CoppiceException($"{_path}: can't be written: {error.Message}", inner: error);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();
}
