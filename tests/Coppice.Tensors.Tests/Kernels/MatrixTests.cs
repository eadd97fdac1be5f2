namespace Coppice.Tensors.Tests;

[Collection(KernelCollection.Name)]
public sealed unsafe class MatrixTests(KernelFixture kernels)
{
    private static readonly int[] Rows = [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33, 65, 130];
    private static readonly int[] Depths = [1, 2, 3, 7, 8, 9, 16, 31, 33, 64, 100, 255, 256, 257, 300];

    [Fact]
    public void Products_of_all_shapes_match_the_reference()
    {
        var next = 0;
        foreach (var m in Rows)
        {
            foreach (var n in KernelFixture.Widths)
            {
                // Transposes, depths and options take turns, so that each meets all others without the full cross product.
                for (var transposes = (m + n) % 2; transposes < 4; transposes += 2)
                {
                    CompareProduct(m, n, Depths[next % Depths.Length], transposes, options: next * 5 / 3 % 8, padding: next % 7 == 0 ? 3 : 0);
                    next++;
                }
            }
        }
    }

    [Theory]
    [InlineData(300, 200, 700)]
    [InlineData(3, 900, 300)]
    [InlineData(70, 1601, 20)]
    [InlineData(70, 1601, 520)]
    [InlineData(513, 40, 1040)]
    public void Large_products_match_the_reference(int m, int n, int k)
    {
        for (var transposes = 0; transposes < 4; transposes++)
        {
            CompareProduct(m, n, k, transposes, options: transposes < 2 ? 7 : transposes - 2, padding: 5 * (transposes & 1));
        }
    }

    [Fact]
    public void A_product_over_nothing_leaves_bias_residual_and_the_old_values()
    {
        for (var options = 0; options < 8; options++)
        {
            CompareProduct(5, 19, 0, 0, options, padding: 2);
            CompareProduct(1, 19, 0, 2, options, padding: 0);
        }
    }

    [Fact]
    public void A_product_without_rows_or_columns_does_nothing()
    {
        CompareProduct(0, 19, 5, 0, 7, padding: 1);
        CompareProduct(19, 0, 5, 0, 7, padding: 1);
    }

    [Fact]
    public void Column_sums_are_added()
    {
        foreach (var columns in KernelFixture.Widths)
        {
            foreach (var rows in (ReadOnlySpan<int>)[0, 1, 3, 50, 300])
            {
                kernels.Compare($"column sums of {rows}x{columns}", run =>
                    run.Backend.AddColumnSums(rows, columns, run.Input(rows, columns), run.Output("sums", columns, Tolerance.Sum(rows), accumulate: true)));
            }
        }
    }

    [Fact]
    public void Matrices_are_copied_and_added_between_strides()
    {
        foreach (var columns in KernelFixture.Widths)
        {
            foreach (var accumulate in (ReadOnlySpan<bool>)[false, true])
            {
                kernels.Compare($"copy of 70x{columns}, accumulate {accumulate}", run =>
                    run.Backend.CopyMatrix(70, columns, run.Input(70, columns, columns + 5), columns + 5, run.Output("copy", 70, columns, Tolerance.Exact, columns + 2, accumulate), columns + 2, accumulate));
            }
        }
    }

    [Fact]
    public void Matrices_are_transposed()
    {
        foreach (var columns in KernelFixture.Widths)
        {
            foreach (var rows in (ReadOnlySpan<int>)[0, 1, 3, 4, 8, 9, 16, 21, 70])
            {
                foreach (var accumulate in (ReadOnlySpan<bool>)[false, true])
                {
                    kernels.Compare($"transpose of {rows}x{columns}, accumulate {accumulate}", run =>
                        run.Backend.Transpose(rows, columns, run.Input(rows, columns), run.Output("transpose", columns, rows, Tolerance.Exact, accumulate: accumulate), accumulate));
                }
            }
        }
    }

    private void CompareProduct(int m, int n, int k, int transposes, int options, int padding)
    {
        var (transposeA, transposeB) = ((transposes & 1) != 0, (transposes & 2) != 0);
        var (accumulate, bias, residual) = ((options & 1) != 0, (options & 2) != 0, (options & 4) != 0);
        var label = $"product {m}x{n}x{k}, transposed A {transposeA} B {transposeB}, accumulate {accumulate}, bias {bias}, residual {residual}, padding {padding}";
        kernels.Compare(label, run =>
        {
            var (columnsA, columnsB) = (transposeA ? m : k, transposeB ? k : n);
            var product = new MatrixProduct
            {
                M = m,
                N = n,
                K = k,
                A = run.Input(transposeA ? k : m, columnsA, columnsA + padding),
                StrideA = columnsA + padding,
                TransposeA = transposeA,
                B = run.Input(transposeB ? n : k, columnsB, columnsB + 2 * padding),
                StrideB = columnsB + 2 * padding,
                TransposeB = transposeB,
                C = run.Output("C", m, n, Tolerance.Sum(k), n + padding, accumulate),
                StrideC = n + padding,
                Accumulate = accumulate,
                Bias = bias ? run.Input(n) : null,
                Residual = residual ? run.Input(m, n, n + padding) : null,
            };
            run.Backend.Multiply(product);
        });
    }
}
