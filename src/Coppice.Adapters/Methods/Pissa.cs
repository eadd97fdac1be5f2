using Coppice.Foundation;

namespace Coppice.Adapters.Methods;

/// <summary>
/// LoRA on the principal part of the weight: with W = U · S · Vᵀ, the factors begin as B = Uᵣ · √(Sᵣ / s) and A = √(Sᵣ / s) · Vᵣᵀ for the r largest singular values,
/// and the rest of W is frozen. Alpha is best r, which makes s 1.
/// </summary>
[Technique("pissa", Title = "PiSSA: Principal Singular Values and Singular Vectors Adaptation of Large Language Models", Paper = "arXiv:2404.02948")]
public sealed class Pissa : FactorizedLora
{
    /// <inheritdoc/>
    public override string Name => "pissa";

    private protected override (float[] B, float[] A) Factorize(float[] weight, TargetModule target, double scale, ulong seed)
    {
        if (!(scale > 0)) throw CoppiceException.Usage("pissa divides by its scale: alpha has to be above 0");
        var (inputs, outputs, rank) = (target.Inputs, target.Outputs, target.Rank);
        var svd = TruncatedSvd.Of(weight, outputs, inputs, rank, Models.Initial.RandomOf(target.Name + ".pissa", seed));
        var (b, a) = (new float[outputs * rank], new float[rank * inputs]);
        for (var k = 0; k < rank; k++)
        {
            var root = Math.Sqrt(svd.Values[k] / scale);
            for (var row = 0; row < outputs; row++) b[row * rank + k] = (float)(root * svd.Left[k][row]);
            for (var column = 0; column < inputs; column++) a[k * inputs + column] = (float)(root * svd.Right[k][column]);
        }

        return (b, a);
    }
}
