using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Training.Regularisers;

namespace Coppice.Continual.Protection;

/// <summary>A point to stay near, each weight as closely as it matters there.</summary>
/// <param name="Importance">How much each weight matters: <see cref="FisherDiagonal.Values"/>.</param>
/// <param name="Weights">The weights there, laid out as the parameters.</param>
/// <param name="Strength">λ; see <see cref="ElasticWeightConsolidation.StrengthFor"/>.</param>
public sealed record ElasticAnchor(FlatBuffer Importance, FlatBuffer Weights, double Strength);

/// <summary>
/// Penalises the way from what was learned before: Σ over anchors of (λ/2) · Σ F · (θ - θ*)². After several updates either an anchor each, or
/// one at the latest weights with the importances of all (<see cref="FisherDiagonal.Add"/>).
/// </summary>
/// <param name="anchors">The anchors; their buffers stay the caller's.</param>
[Technique("ewc", Title = "Overcoming catastrophic forgetting in neural networks", Paper = "arXiv:1612.00796")]
public sealed class ElasticWeightConsolidation(IReadOnlyList<ElasticAnchor> anchors) : IRegulariser
{
    private readonly ElasticAnchor[] _anchors = [.. anchors];

    /// <summary>
    /// λ = 2c ÷ Σ F · (θ - θ*)²: the strength at which the drift of a short plain run would cost c nats. The scale of λ itself means nothing
    /// from one model to the next; c does: 0.01 is a light hand, 1 a heavy one.
    /// </summary>
    /// <param name="nats">c, at least 0.</param>
    /// <param name="importance">F.</param>
    /// <param name="anchor">θ*.</param>
    /// <param name="drifted">θ after a short update without penalty.</param>
    /// <exception cref="CoppiceException">No weight that matters has moved, so that nothing can be measured by it.</exception>
    public static double StrengthFor(double nats, FlatBuffer importance, FlatBuffer anchor, FlatBuffer drifted)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(nats);
        var drift = drifted.SquaredDistance(anchor, importance);
        if (!(drift > 0 && double.IsFinite(drift)))
            throw new CoppiceException("The strength of elastic weight consolidation can't be set: the short plain run moved no weight that matters. Make it longer.");
        return 2 * nats / drift;
    }

    /// <inheritdoc/>
    public double AddGradient(ParameterSet parameters)
    {
        var penalty = 0.0;
        foreach (var anchor in _anchors)
        {
            if (anchor.Strength == 0) continue;
            parameters.Gradients!.AddDifference((float)anchor.Strength, anchor.Importance, parameters.Values, anchor.Weights, 0, parameters.Values.Count);
            penalty += anchor.Strength / 2 * parameters.Values.SquaredDistance(anchor.Weights, anchor.Importance);
        }

        return penalty;
    }

    /// <summary>Frees nothing: the anchors are the caller's.</summary>
    public void Dispose()
    {
    }
}
