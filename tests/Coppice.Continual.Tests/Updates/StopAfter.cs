using Coppice.Training.Metrics;

namespace Coppice.Continual.Tests.Updates;

/// <summary>Interrupts a run after a step, as Ctrl+C would.</summary>
public sealed class StopAfter(long step) : IRunObserver, IDisposable
{
    private readonly CancellationTokenSource _source = new();

    public CancellationToken Token => _source.Token;

    public void Observe(RunEvent happened)
    {
        if (happened is StepMetrics && happened.Step >= step) _source.Cancel();
    }

    public void Dispose() => _source.Dispose();
}
