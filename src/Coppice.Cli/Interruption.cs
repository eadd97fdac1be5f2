using System.Runtime.InteropServices;
using Coppice.Cli.Progress;

namespace Coppice.Cli;

/// <summary>
/// Ctrl+C, and a polite request to end, as a cancellation: the work comes to a good end and saves. A second one ends the process at once.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations;
    private readonly string _announcement;

    /// <summary>Watches from now on.</summary>
    /// <param name="announcement">What is being done about it, told at the first Ctrl+C.</param>
    public Interruption(string announcement)
    {
        _announcement = announcement;
        _registrations = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }.Select(signal => PosixSignalRegistration.Create(signal, Handle))];
    }

    /// <summary>Cancelled at the first Ctrl+C.</summary>
    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        _source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        if (_source.IsCancellationRequested) return;
        context.Cancel = true;
        Terminal.WriteLine($"{_announcement} Ctrl+C again stops at once.");
        _source.Cancel();
    }
}
