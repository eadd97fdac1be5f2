using Coppice.Foundation;

namespace Coppice.Continual.Surgery.Methods;

/// <summary>
/// Spherical interpolation of each parameter, taken as one long vector: (sin((1 - w)Ω) base + sin(wΩ) model) / sin Ω with the angle Ω between
/// them. Linear where they lie almost on one line.
/// </summary>
[Technique("slerp", Title = "Animating rotation with quaternion curves (K. Shoemake, 1985)", Paper = "doi:10.1145/325165.325242")]
public sealed class Slerp : IMergeMethod
{
    private const double AlmostOneLine = 0.9995;

    /// <inheritdoc/>
    public IReadOnlyList<double> Weights(int models, IReadOnlyList<double>? given) => models > 1
        ? throw CoppiceException.Usage("slerp is between the base and one model; merge several with ties or task_arithmetic")
        : MergeWeights.GivenOr(0.5, models, given).Within(0, 1, "slerp");

    /// <inheritdoc/>
    public void Merge(MergeInput input, Span<float> destination)
    {
        var weight = input.Weights[0];
        var from = input.Base;
        var to = input.Model(0);
        var cosine = Cosine(from, to);
        // The negation also takes the line where a vector is zero and there is no angle.
        if (weight is 0 or 1 || !(Math.Abs(cosine) <= AlmostOneLine))
        {
            for (var i = 0; i < destination.Length; i++) destination[i] = input.Mix(i, [weight]);
            return;
        }

        var angle = Math.Acos(cosine);
        var (first, second) = (Math.Sin((1 - weight) * angle) / Math.Sin(angle), Math.Sin(weight * angle) / Math.Sin(angle));
        for (var i = 0; i < destination.Length; i++) destination[i] = (float)((first * from[i]) + (second * to[i]));
    }

    private static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double product = 0, squaresOfA = 0, squaresOfB = 0;
        for (var i = 0; i < a.Length; i++)
        {
            product += (double)a[i] * b[i];
            squaresOfA += (double)a[i] * a[i];
            squaresOfB += (double)b[i] * b[i];
        }

        return product / Math.Sqrt(squaresOfA) / Math.Sqrt(squaresOfB);
    }
}
