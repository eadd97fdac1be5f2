namespace Coppice.Training.Metrics;

/// <summary>
/// Sees what happens in a run: writes it down, shows it, draws it. The loop calls its observers one after the other on one thread, and has told
/// them everything up to a step before it saves the checkpoint of that step.
/// </summary>
public interface IRunObserver
{
    /// <summary>The run begins or goes on.</summary>
    /// <param name="start">Where from and how far.</param>
    void Started(RunStart start)
    {
    }

    /// <summary>Something happened.</summary>
    /// <param name="happened">What.</param>
    void Observe(RunEvent happened)
    {
    }

    /// <summary>The run is over, or interrupted with everything saved.</summary>
    /// <param name="end">How.</param>
    void Finished(RunEnd end)
    {
    }
}

/// <summary>The beginning of a run, or of the rest of one.</summary>
/// <param name="FirstStep">Steps done before: 0, or those of the checkpoint that the run goes on from.</param>
/// <param name="TotalSteps">Steps of the whole run.</param>
/// <param name="TotalTokens">Tokens of the whole run.</param>
public sealed record RunStart(long FirstStep, long TotalSteps, long TotalTokens);

/// <summary>The end of a run.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Interrupted">Whether the user stopped it before its end.</param>
public sealed record RunEnd(long Step, bool Interrupted);
