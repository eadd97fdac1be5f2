using Coppice.Models;
using Coppice.Training.Metrics;

namespace Coppice.Training.Loop;

/// <summary>Measures a model while it is trained. It changes nothing but, where it ends a run, its length: a run with probes gives the same weights as one without.</summary>
public interface IRunProbe
{
    /// <summary>Whether to measure now.</summary>
    /// <param name="step">Steps done; 0 before the first.</param>
    /// <param name="totalSteps">Steps of the run.</param>
    bool IsDue(long step, long totalSteps);

    /// <summary>Measures, and tells what it found. With an average of the weights, the model holds that while it is measured: it is what will be released.</summary>
    /// <param name="moment">When and what.</param>
    /// <returns>A loss that checkpoints are compared by, where this probe measures one.</returns>
    double? Measure(RunMoment moment);

    /// <summary>Whether what was measured so far ends the run before its last step.</summary>
    bool ShouldStop => false;

    /// <summary>Writes what the probe remembers, where it does, into a checkpoint.</summary>
    /// <param name="checkpoint">The checkpoint's directory.</param>
    void Save(string checkpoint)
    {
    }

    /// <summary>Takes up what was remembered.</summary>
    /// <param name="checkpoint">The checkpoint's directory.</param>
    void Restore(string checkpoint)
    {
    }
}

/// <summary>A moment of a run, as a probe sees it.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Tokens">Tokens trained on.</param>
/// <param name="Model">The model.</param>
/// <param name="Tell">Receives what was found.</param>
public sealed record RunMoment(long Step, long Tokens, LanguageModel Model, Action<RunEvent> Tell);
