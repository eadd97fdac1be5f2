using Coppice.Foundation;

namespace Coppice.Continual.Surgery.Methods;

/// <summary>
/// Trim, elect sign, merge. Of each model's differences from the base, the largest of a parameter stay; at each place the sign of their weighted sum
/// is elected, or the one that more of them have; and the weighted mean of those that agree with it, times λ, is added to the base.
/// </summary>
/// <param name="scale">λ.</param>
/// <param name="density">The share of a parameter's differences that stays. Differences as large as the smallest of them stay too.</param>
/// <param name="sign">How the sign is elected; the paper's way is the sum.</param>
[Technique("ties", Title = "TIES-Merging: Resolving Interference When Merging Models", Paper = "arXiv:2306.01708")]
public sealed class Ties(double scale, double density, SignElection sign = SignElection.Total) : IMergeMethod
{
    /// <summary>The paper's density.</summary>
    public const double UsualDensity = 0.2;

    /// <inheritdoc/>
    public IReadOnlyList<double> Weights(int models, IReadOnlyList<double>? given) => MergeWeights.GivenOr(1, models, given).Within(0, double.MaxValue, "ties");

    /// <inheritdoc/>
    public void Merge(MergeInput input, Span<float> destination)
    {
        var thresholds = Enumerable.Range(0, input.ModelCount).Select(model => Threshold(input, model)).ToArray();
        var deltas = new double[input.ModelCount];
        var coefficients = new double[input.ModelCount];
        for (var i = 0; i < destination.Length; i++)
        {
            var (elected, votes) = (0.0, 0.0);
            for (var model = 0; model < deltas.Length; model++)
            {
                var delta = input.Delta(model, i);
                deltas[model] = Math.Abs((float)delta) >= thresholds[model] ? delta : 0;
                elected += input.Weights[model] * deltas[model];
                votes += input.Weights[model] * Math.Sign(deltas[model]);
            }

            if (sign == SignElection.Frequency && votes != 0) elected = votes;

            var agreeing = 0.0;
            for (var model = 0; model < deltas.Length; model++)
            {
                coefficients[model] = deltas[model] * elected > 0 ? input.Weights[model] : 0;
                agreeing += coefficients[model];
            }

            for (var model = 0; model < deltas.Length && agreeing > 0; model++) coefficients[model] = scale * (coefficients[model] / agreeing);
            destination[i] = input.Mix(i, coefficients);
        }
    }

    private float Threshold(MergeInput input, int model)
    {
        var sizes = new float[input.Base.Length];
        for (var i = 0; i < sizes.Length; i++) sizes[i] = Math.Abs((float)input.Delta(model, i));
        Array.Sort(sizes);
        var kept = Math.Clamp((int)Math.Round(density * sizes.Length), 1, sizes.Length);
        return sizes[^kept];
    }
}
