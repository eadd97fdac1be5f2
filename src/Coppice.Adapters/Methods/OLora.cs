using Coppice.Foundation;

namespace Coppice.Adapters.Methods;

/// <summary>LoRA whose factors begin as the first r columns of Q and rows of R in W = Q · R, the weight without them frozen.</summary>
[Technique("olora", Title = "OLoRA: Orthonormal Low-Rank Adaptation of Large Language Models", Paper = "arXiv:2406.01775")]
public sealed class OLora : FactorizedLora
{
    /// <inheritdoc/>
    public override string Name => "olora";

    private protected override (float[] B, float[] A) Factorize(float[] weight, TargetModule target, double scale, ulong seed)
    {
        var (inputs, outputs, rank) = (target.Inputs, target.Outputs, target.Rank);
        var columns = new double[rank][];
        for (var k = 0; k < rank; k++)
        {
            columns[k] = new double[outputs];
            for (var row = 0; row < outputs; row++) columns[k][row] = weight[row * inputs + k];
        }

        Orthonormal.Make(columns);
        var (b, a) = (new float[outputs * rank], new float[rank * inputs]);
        for (var k = 0; k < rank; k++)
        {
            // Row k of R is column k of Q times the weight.
            var sums = new double[inputs];
            for (var row = 0; row < outputs; row++)
            {
                b[row * rank + k] = (float)columns[k][row];
                for (var column = 0; column < inputs; column++) sums[column] += columns[k][row] * weight[row * inputs + column];
            }

            for (var column = 0; column < inputs; column++) a[k * inputs + column] = (float)sums[column];
        }

        return (b, a);
    }
}
