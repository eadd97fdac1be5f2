using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Continual.Surgery.Methods;

/// <summary>
/// Interpolation with the base in which each value of the base counts by how much the old text depends on it:
/// ((1 - w) F base + w model) / ((1 - w) F + w), F being the diagonal of the base's Fisher information divided by its mean. Where F is the same
/// everywhere, that is linear interpolation.
/// </summary>
[Technique("fisher-bcwi", Title = "Backward Compatibility During Data Updates by Weight Interpolation", Paper = "arXiv:2301.10546")]
public sealed class FisherInterpolation : IMergeMethod
{
    private readonly FlatBuffer _fisher;
    private readonly ParameterSet _layout;
    private readonly double _mean;

    /// <summary>Interpolation by a Fisher information.</summary>
    /// <param name="fisher">Its diagonal, laid out as the base's parameters; nowhere negative. It must stay as long as the method is used.</param>
    /// <param name="layout">The base's parameters.</param>
    /// <exception cref="CoppiceException">A value is negative or not finite, or all are 0.</exception>
    public FisherInterpolation(FlatBuffer fisher, ParameterSet layout)
    {
        if (fisher.Count != layout.Values.Count) throw new ArgumentException($"A Fisher information of {fisher.Count} values for {layout.Values.Count}.", nameof(fisher));
        (_fisher, _layout) = (fisher, layout);
        var sum = 0.0;
        foreach (var parameter in layout.Parameters)
        {
            foreach (var value in Values(parameter))
            {
                if (!(value >= 0 && float.IsFinite(value))) throw new CoppiceException($"the Fisher information of '{parameter.Name}' has values that are negative or not finite; compute it again");
                sum += value;
            }
        }

        if (sum == 0) throw new CoppiceException("the Fisher information is 0 everywhere: it was computed on no text");
        _mean = sum / layout.Count;
    }

    /// <inheritdoc/>
    public IReadOnlyList<double> Weights(int models, IReadOnlyList<double>? given) => models > 1
        ? throw CoppiceException.Usage("Fisher-weighted interpolation is between the base and one model; average several models first")
        : MergeWeights.GivenOr(0.5, models, given).Within(0, 1, "Fisher-weighted interpolation");

    /// <inheritdoc/>
    public void Merge(MergeInput input, Span<float> destination)
    {
        var weight = input.Weights[0];
        var fisher = Values(_layout[input.Name]);
        for (var i = 0; i < destination.Length; i++)
        {
            // The model's share. The ends are exact: at 0 a Fisher information of 0 would leave nothing to divide by.
            var share = weight == 0 ? 0 : weight / (((1 - weight) * (fisher[i] / _mean)) + weight);
            destination[i] = input.Mix(i, [share]);
        }
    }

    private float[] Values(Parameter parameter)
    {
        var values = new float[parameter.Count];
        _fisher.CopyTo(parameter.Offset, values);
        return values;
    }
}
