using Coppice.Foundation;

namespace Coppice.Continual.Surgery.Methods;

/// <summary>base + λ Σ w_i (model_i - base): what each model learned, added up. A negative weight unlearns.</summary>
/// <param name="scale">λ.</param>
[Technique("task_arithmetic", Title = "Editing Models with Task Arithmetic", Paper = "arXiv:2212.04089")]
public sealed class TaskArithmetic(double scale) : IMergeMethod
{
    /// <inheritdoc/>
    public IReadOnlyList<double> Weights(int models, IReadOnlyList<double>? given) => MergeWeights.GivenOr(1, models, given);

    /// <inheritdoc/>
    public void Merge(MergeInput input, Span<float> destination)
    {
        double[] coefficients = [.. input.Weights.Select(weight => scale * weight)];
        for (var i = 0; i < destination.Length; i++) destination[i] = input.Mix(i, coefficients);
    }
}
