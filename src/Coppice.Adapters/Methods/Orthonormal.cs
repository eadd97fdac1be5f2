namespace Coppice.Adapters.Methods;

/// <summary>Orthonormal vectors that span what given ones span.</summary>
internal static class Orthonormal
{
    /// <summary>
    /// Gram and Schmidt, twice over, which is enough for double precision. A vector that the others span already becomes 0: what is multiplied by it falls away.
    /// </summary>
    /// <param name="vectors">The vectors; replaced one by one.</param>
    public static void Make(double[][] vectors)
    {
        for (var k = 0; k < vectors.Length; k++)
        {
            var before = Math.Sqrt(Dot(vectors[k], vectors[k]));
            for (var pass = 0; pass < 2; pass++)
            {
                for (var earlier = 0; earlier < k; earlier++) Add(vectors[k], -Dot(vectors[earlier], vectors[k]), vectors[earlier]);
            }

            var norm = Math.Sqrt(Dot(vectors[k], vectors[k]));
            var factor = norm > 1e-12 * before ? 1 / norm : 0;
            for (var i = 0; i < vectors[k].Length; i++) vectors[k][i] *= factor;
        }
    }

    public static double Dot(double[] x, double[] y)
    {
        var sum = 0.0;
        for (var i = 0; i < x.Length; i++) sum += x[i] * y[i];
        return sum;
    }

    private static void Add(double[] y, double factor, double[] x)
    {
        for (var i = 0; i < y.Length; i++) y[i] += factor * x[i];
    }
}
