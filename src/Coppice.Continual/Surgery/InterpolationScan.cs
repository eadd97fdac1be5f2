using Coppice.Continual.Surgery.Methods;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Continual.Surgery;

/// <summary>A point on the way from parent to child.</summary>
/// <typeparam name="T">What is measured.</typeparam>
/// <param name="ChildWeight">0 for the parent, 1 for the child.</param>
/// <param name="Score">What was measured there.</param>
public sealed record ScanPoint<T>(double ChildWeight, T Score);

/// <summary>
/// Measures a model on its way back to its parent, without training: how much of what it forgot comes back, and what of the new it costs. How good a
/// trade that is can't be told beforehand: scan, never assume.
/// </summary>
public static class InterpolationScan
{
    /// <summary>Measures mixtures of parent and child.</summary>
    /// <typeparam name="T">What is measured.</typeparam>
    /// <param name="model">The child. It holds each mixture while that is measured, and is as it was afterwards, whatever happens.</param>
    /// <param name="parent">The parent's parameters; with fewer rows where the child's vocabulary has grown.</param>
    /// <param name="childWeights">The child's share in each mixture, 0 to 1.</param>
    /// <param name="score">Measures the model.</param>
    /// <param name="method">How to mix; null for linear interpolation.</param>
    /// <returns>A point for each weight, in their order.</returns>
    /// <exception cref="Foundation.CoppiceException">The shapes don't fit, or a weight is outside 0 to 1.</exception>
    public static IReadOnlyList<ScanPoint<T>> Run<T>(LanguageModel model, ParameterSet parent, IReadOnlyList<double> childWeights, Func<LanguageModel, T> score, IMergeMethod? method = null)
    {
        method ??= new LinearInterpolation();
        using var child = new FlatBuffer(model.Backend, model.Parameters.Values.Count);
        child.CopyFrom(model.Parameters.Values);
        var points = new List<ScanPoint<T>>();
        try
        {
            foreach (var weight in childWeights)
            {
                model.Parameters.Values.CopyFrom(child);
                WeightMerge.Run(method, parent, [model.Parameters], model.Parameters, [weight]);
                points.Add(new ScanPoint<T>(weight, score(model)));
            }
        }
        finally
        {
            model.Parameters.Values.CopyFrom(child);
        }

        return points;
    }
}
