using Coppice.Adapters.Methods;
using Coppice.Tensors;

namespace Coppice.Adapters.Tests.Methods;

/// <summary>Singular values, and the factors that PiSSA and OLoRA begin with.</summary>
public class FactorizationTests
{
    [Theory]
    [InlineData(9, 14, 4)]
    [InlineData(14, 9, 9)]
    [InlineData(40, 60, 5)]
    public void Singular_values_and_vectors_are_found(int rows, int columns, int rank)
    {
        var matrix = WithSpectrum(rows, columns, out var expected);
        var svd = TruncatedSvd.Of(matrix, rows, columns, rank, new Philox(1, 1));
        for (var k = 0; k < rank; k++)
        {
            Assert.Equal(expected[k], svd.Values[k], 1e-5 * expected[0]);
            for (var other = 0; other < rank; other++)
            {
                Assert.Equal(k == other ? 1 : 0, Orthonormal.Dot(svd.Left[k], svd.Left[other]), 1e-9);
                Assert.Equal(k == other ? 1 : 0, Orthonormal.Dot(svd.Right[k], svd.Right[other]), 1e-9);
            }
        }

        // What is left is as large as the singular values that were left out.
        var rest = 0.0;
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
            {
                var value = (double)matrix[row * columns + column];
                for (var k = 0; k < rank; k++) value -= svd.Values[k] * svd.Left[k][row] * svd.Right[k][column];
                rest += value * value;
            }
        }

        Assert.Equal(expected.Skip(rank).Sum(value => value * value), rest, 1e-5 * expected[0] * expected[0]);
    }

    [Fact]
    public void A_matrix_without_full_rank_has_singular_values_of_zero()
    {
        float[] matrix = [1, 2, 3, 2, 4, 6, 3, 6, 9];
        var svd = TruncatedSvd.Of(matrix, 3, 3, 3, new Philox(1, 1));
        Assert.Equal(14, svd.Values[0], 1e-9);
        Assert.Equal(0, svd.Values[1], 1e-9);
        Assert.All(svd.Right.SelectMany(vector => vector), value => Assert.True(double.IsFinite(value)));
    }

    [Fact]
    public void Pissa_begins_with_factors_that_are_equally_large_and_olora_with_orthonormal_ones()
    {
        using var pissa = new AdaptedModel("pissa", "llama");
        foreach (var target in pissa.Adapter.Targets)
        {
            var (a, b) = Factors(pissa, target);
            for (var k = 0; k < target.Rank; k++)
            {
                for (var l = 0; l < target.Rank; l++) Assert.Equal(Orthonormal.Dot(a[k], a[l]), Orthonormal.Dot(b[k], b[l]), 1e-4);
            }
        }

        using var olora = new AdaptedModel("olora", "llama");
        foreach (var target in olora.Adapter.Targets)
        {
            var (_, b) = Factors(olora, target);
            for (var k = 0; k < target.Rank; k++)
            {
                for (var l = 0; l < target.Rank; l++) Assert.Equal(k == l ? 1 : 0, Orthonormal.Dot(b[k], b[l]), 1e-5);
            }
        }
    }

    // Rows of A, columns of B.
    private static (double[][] A, double[][] B) Factors(AdaptedModel adapted, TargetModule target)
    {
        var a = adapted.Adapter.Parameters[target.Name + ".lora_A.weight"].Tensor.ToArray();
        var b = adapted.Adapter.Parameters[target.Name + ".lora_B.weight"].Tensor.ToArray();
        return (
            [.. Enumerable.Range(0, target.Rank).Select(k => Enumerable.Range(0, target.Inputs).Select(i => (double)a[k * target.Inputs + i]).ToArray())],
            [.. Enumerable.Range(0, target.Rank).Select(k => Enumerable.Range(0, target.Outputs).Select(i => (double)b[i * target.Rank + k]).ToArray())]);
    }

    private static float[] WithSpectrum(int rows, int columns, out double[] values)
    {
        var size = Math.Min(rows, columns);
        var random = new Philox(5, 6);
        values = [.. Enumerable.Range(0, size).Select(k => 10 * Math.Pow(0.7, k))];
        var (left, right) = (Random(random, 0, size, rows), Random(random, 1_000_000, size, columns));
        var matrix = new float[rows * columns];
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
            {
                var sum = 0.0;
                for (var k = 0; k < size; k++) sum += values[k] * left[k][row] * right[k][column];
                matrix[row * columns + column] = (float)sum;
            }
        }

        return matrix;
    }

    private static double[][] Random(Philox random, int first, int count, int length)
    {
        double[][] vectors = [.. Enumerable.Range(0, count).Select(k => Enumerable.Range(0, length).Select(i => (double)random.Normal((ulong)(first + k * length + i))).ToArray())];
        Orthonormal.Make(vectors);
        return vectors;
    }
}
