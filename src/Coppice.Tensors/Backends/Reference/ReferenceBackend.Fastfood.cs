namespace Coppice.Tensors;

internal sealed unsafe partial class ReferenceBackend
{
    public override void Fastfood(in FastfoodArguments arguments)
    {
        var (first, second) = (new double[arguments.Size], new double[arguments.Size]);
        var permutation = arguments.CreatePermutation();
        if (arguments.Transposed)
        {
            for (var i = 0; i < arguments.Outputs; i++) first[i] = arguments.X[i];
            WalshHadamard(first);
            for (var i = 0; i < first.Length; i++) second[permutation[i]] = FastfoodArguments.Normal(arguments.Random, i) * first[i];
            WalshHadamard(second);
            for (var i = 0; i < arguments.Inputs; i++)
                Write(ref arguments.Y[i], i < arguments.Seen ? arguments.Factor * FastfoodArguments.Sign(arguments.Random, i) * second[i] : 0, arguments.Accumulate);
            return;
        }

        for (var i = 0; i < arguments.Seen; i++) first[i] = FastfoodArguments.Sign(arguments.Random, i) * (double)arguments.X[i];
        WalshHadamard(first);
        for (var i = 0; i < first.Length; i++) second[i] = FastfoodArguments.Normal(arguments.Random, i) * first[permutation[i]];
        WalshHadamard(second);
        for (var i = 0; i < arguments.Outputs; i++) Write(ref arguments.Y[i], arguments.Factor * second[i], arguments.Accumulate);
    }

    private static void WalshHadamard(double[] x)
    {
        for (var half = 1; half < x.Length; half *= 2)
        {
            for (var i = 0; i < x.Length; i++)
            {
                if ((i & half) == 0) (x[i], x[i + half]) = (x[i] + x[i + half], x[i] - x[i + half]);
            }
        }
    }
}
