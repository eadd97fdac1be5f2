using Coppice.Corpus;
using Coppice.Tensors;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using Coppice.Training.Regularisers;
using Coppice.Training.Schedules;

namespace Coppice.Continual.Tests.Toy;

/// <summary>How the toy's parent, which knows A, is trained on B.</summary>
public sealed record UpdateArm
{
    /// <summary>What an update's sampler calls B.</summary>
    public const int NewSource = 0;

    /// <summary>What an update's sampler calls A; there only with a replay share above 0.</summary>
    public const int ReplayedSource = 1;

    /// <summary>The share of sequences that come from A.</summary>
    public double ReplayShare { get; init; }

    /// <summary>What is replayed as A's text; null for the text that A has.</summary>
    public TokenStore? Replayed { get; init; }

    /// <summary>Steps.</summary>
    public int Steps { get; init; } = 300;

    /// <summary>The learning rate; null for a cosine from 5e-3 to 5e-4 with 3 steps of warm-up.</summary>
    public ISchedule? Schedule { get; init; }

    /// <summary>Which source comes next, instead of fixed shares.</summary>
    public IMixture? Mixture { get; init; }

    /// <summary>What is minimised, instead of the plain causal loss.</summary>
    public IObjective? Objective { get; init; }

    /// <summary>What penalises the weights; disposed with the update.</summary>
    public IReadOnlyList<IRegulariser> Regularisers { get; init; } = [];

    /// <summary>Links of the optimizer's chain between Adam and the learning rate.</summary>
    public Func<ParameterSet, IEnumerable<GradientTransform>>? Transforms { get; init; }

    /// <summary>Decoupled weight decay toward zero, of all parameters.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Parts of a step's batch.</summary>
    public int MicroBatches { get; init; } = 1;

    /// <summary>Steps between two measurements on A.</summary>
    public int MeasureEvery { get; init; } = 15;

    /// <summary>Decides the order of the data.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Called after each step with the number of steps done.</summary>
    public Action<int>? AfterStep { get; init; }
}

/// <summary>What an update did, in mean nats of a held-out token.</summary>
/// <param name="Old">On A at the end.</param>
/// <param name="New">On B at the end.</param>
/// <param name="HighestOld">The highest on A, of those measured on the way.</param>
/// <param name="HighestOldStep">Steps done then.</param>
public sealed record UpdateOutcome(double Old, double New, double HighestOld, int HighestOldStep);
