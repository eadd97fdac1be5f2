using Coppice.Training.Metrics;

namespace Coppice.Adapters.Tests;

/// <summary>Presses Ctrl+C after so many steps.</summary>
internal sealed class Stopping(CancellationTokenSource stop, int after) : IRunObserver
{
    private int _steps;

    public void Observe(RunEvent happened)
    {
        if (happened is StepMetrics && ++_steps == after) stop.Cancel();
    }
}
