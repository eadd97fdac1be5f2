using Coppice.Foundation;

namespace Coppice.Continual.Surgery.Methods;

/// <summary>
/// (1 - Σ w_i) base + Σ w_i model_i: a straight line from the base to one model, a weighted mean of the base and several. A weight of 0 gives the
/// base and of 1 the model, bit for bit. BCWI writes the weight of the old model, 1 - w.
/// </summary>
[Technique("wise-ft", Title = "Robust fine-tuning of zero-shot models", Paper = "arXiv:2109.01903")]
[Technique("bcwi", Title = "Backward Compatibility During Data Updates by Weight Interpolation", Paper = "arXiv:2301.10546")]
public sealed class LinearInterpolation : IMergeMethod
{
    // Weights such as 0.1 sum up to one with an error of the last bit.
    private const double Slack = 1e-9;

    /// <inheritdoc/>
    public IReadOnlyList<double> Weights(int models, IReadOnlyList<double>? given)
    {
        var weights = MergeWeights.GivenOr(1.0 / (models + 1), models, given).Within(0, 1, "linear");
        return weights.Sum() <= 1 + Slack ? weights : throw CoppiceException.Usage("the weights of linear sum up to more than 1, which leaves less than nothing for the base; task_arithmetic takes such weights");
    }

    /// <inheritdoc/>
    public void Merge(MergeInput input, Span<float> destination)
    {
        double[] weights = [.. input.Weights];
        for (var i = 0; i < destination.Length; i++) destination[i] = input.Mix(i, weights);
    }
}
