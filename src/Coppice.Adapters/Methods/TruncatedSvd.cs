using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>
/// The largest singular values of a matrix and their vectors, in double precision: a random subspace a little larger than wanted is turned toward the largest by
/// multiplying with the matrix and its transpose, and what is left is decomposed by Jacobi's rotations. Exact where the subspace is everything.
/// </summary>
/// <param name="Values">[rank], the largest first.</param>
/// <param name="Left">[rank] vectors of as many values as the matrix has rows.</param>
/// <param name="Right">[rank] vectors of as many values as it has columns.</param>
[Technique("randomized-svd", Title = "Finding Structure with Randomness: Probabilistic Algorithms for Constructing Approximate Matrix Decompositions", Paper = "arXiv:0909.4061")]
internal sealed record TruncatedSvd(double[] Values, double[][] Left, double[][] Right)
{
    private const int Oversampling = 8;
    private const int Iterations = 8;
    private const int MostSweeps = 60;

    /// <summary>Decomposes.</summary>
    /// <param name="matrix">[rows, columns].</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="rank">How many singular values; at most the smaller of rows and columns.</param>
    /// <param name="random">The subspace to begin with.</param>
    public static TruncatedSvd Of(float[] matrix, int rows, int columns, int rank, Philox random)
    {
        var size = Math.Min(rank + Oversampling, Math.Min(rows, columns));
        var start = new double[size][];
        for (var k = 0; k < size; k++)
        {
            start[k] = new double[columns];
            for (var i = 0; i < columns; i++) start[k][i] = random.Normal((ulong)(k * (long)columns + i));
        }

        var left = Multiply(matrix, rows, columns, start);
        for (var iteration = 0; iteration < Iterations; iteration++)
        {
            Orthonormal.Make(left);
            var right = MultiplyTransposed(matrix, rows, columns, left);
            Orthonormal.Make(right);
            left = Multiply(matrix, rows, columns, right);
        }

        Orthonormal.Make(left);
        // W ≈ Q · (Qᵀ · W): the rows of the second factor are made orthogonal by rotations, which turn Q's columns along.
        var projected = MultiplyTransposed(matrix, rows, columns, left);
        Rotate(projected, left);
        var norms = projected.Select(row => Math.Sqrt(Orthonormal.Dot(row, row))).ToArray();
        var order = Enumerable.Range(0, size).OrderByDescending(k => norms[k]).Take(rank).ToArray();
        return new TruncatedSvd(
            [.. order.Select(k => norms[k])], [.. order.Select(k => left[k])], [.. order.Select(k => norms[k] > 0 ? Array.ConvertAll(projected[k], value => value / norms[k]) : projected[k])]);
    }

    /// <summary>W · v for each v.</summary>
    private static double[][] Multiply(float[] matrix, int rows, int columns, double[][] vectors)
    {
        var products = new double[vectors.Length][];
        Parallel.For(0, vectors.Length, k =>
        {
            var product = new double[rows];
            for (var row = 0; row < rows; row++)
            {
                var sum = 0.0;
                for (var column = 0; column < columns; column++) sum += matrix[row * columns + column] * vectors[k][column];
                product[row] = sum;
            }

            products[k] = product;
        });
        return products;
    }

    /// <summary>Wᵀ · v for each v.</summary>
    private static double[][] MultiplyTransposed(float[] matrix, int rows, int columns, double[][] vectors)
    {
        var products = new double[vectors.Length][];
        Parallel.For(0, vectors.Length, k =>
        {
            var product = new double[columns];
            for (var row = 0; row < rows; row++)
            {
                var factor = vectors[k][row];
                for (var column = 0; column < columns; column++) product[column] += factor * matrix[row * columns + column];
            }

            products[k] = product;
        });
        return products;
    }

    /// <summary>One-sided Jacobi: turns pairs of vectors until all are orthogonal, and their partners with them.</summary>
    private static void Rotate(double[][] vectors, double[][] partners)
    {
        for (var sweep = 0; sweep < MostSweeps; sweep++)
        {
            var rotated = false;
            for (var i = 0; i < vectors.Length; i++)
            {
                for (var j = i + 1; j < vectors.Length; j++)
                {
                    var (a, b, c) = (Orthonormal.Dot(vectors[i], vectors[i]), Orthonormal.Dot(vectors[j], vectors[j]), Orthonormal.Dot(vectors[i], vectors[j]));
                    if (Math.Abs(c) <= 1e-14 * Math.Sqrt(a * b)) continue;
                    rotated = true;
                    var tau = (b - a) / (2 * c);
                    var tangent = Math.CopySign(1, tau) / (Math.Abs(tau) + Math.Sqrt(1 + tau * tau));
                    var cosine = 1 / Math.Sqrt(1 + tangent * tangent);
                    Turn(vectors[i], vectors[j], cosine, cosine * tangent);
                    Turn(partners[i], partners[j], cosine, cosine * tangent);
                }
            }

            if (!rotated) return;
        }
    }

    private static void Turn(double[] x, double[] y, double cosine, double sine)
    {
        for (var i = 0; i < x.Length; i++) (x[i], y[i]) = (cosine * x[i] - sine * y[i], sine * x[i] + cosine * y[i]);
    }
}
