using System.Runtime.CompilerServices;

namespace Coppice.Tensors;

/// <summary>
/// Products of blocks that fit in the nearest cache, read where they lie: what attention is made of. Packing, which pays for large matrices,
/// would cost more than it saves here.
/// </summary>
internal static unsafe class SmallProduct<S, V>
    where S : struct, ISimd<V>
    where V : unmanaged
{
    /// <summary>
    /// c[i, n] (+)= Σ_k a[i · rowStride + k · depthStride] · b[k, n] for i &lt; rows, k &lt; depth. The columns are rounded up to whole vectors:
    /// rows of b and c must have room for them.
    /// </summary>
    public static void Multiply(int rows, int columns, int depth, float* a, int rowStride, int depthStride, float* b, int strideB, float* c, int strideC, bool accumulate)
    {
        // Two or four vectors of columns at a time, as the registers allow.
        var most = S.KernelRows == 8 ? 4 : 2;
        var tile = stackalloc float[4 * 4 * 16];
        for (var i = 0; i < rows; i += 4)
        {
            var count = Math.Min(4, rows - i);
            var a0 = a + (long)i * rowStride;
            // Rows that don't exist repeat the first; their results are not stored.
            var a1 = count > 1 ? a0 + rowStride : a0;
            var a2 = count > 2 ? a0 + 2L * rowStride : a0;
            var a3 = count > 3 ? a0 + 3L * rowStride : a0;
            for (var n = 0; n < columns;)
            {
                var vectors = (columns - n + S.Width - 1) / S.Width;
                int width;
                if (vectors >= most && most == 4)
                {
                    width = 4;
                    Tile4x4(depth, a0, a1, a2, a3, depthStride, b + n, strideB, tile);
                }
                else if (vectors >= 2)
                {
                    width = 2;
                    Tile4x2(depth, a0, a1, a2, a3, depthStride, b + n, strideB, tile);
                }
                else
                {
                    width = 1;
                    Tile4x1(depth, a0, a1, a2, a3, depthStride, b + n, strideB, tile);
                }

                width *= S.Width;
                for (var r = 0; r < count; r++)
                {
                    var source = tile + r * width;
                    var destination = c + (long)(i + r) * strideC + n;
                    for (var j = 0; j < width; j += S.Width)
                    {
                        var value = S.Load(source + j);
                        S.Store(accumulate ? S.Add(value, S.Load(destination + j)) : value, destination + j);
                    }
                }

                n += width;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4x4(int depth, float* a0, float* a1, float* a2, float* a3, int depthStride, float* b, int strideB, float* tile)
    {
        V c00 = S.Zero, c01 = S.Zero, c02 = S.Zero, c03 = S.Zero;
        V c10 = S.Zero, c11 = S.Zero, c12 = S.Zero, c13 = S.Zero;
        V c20 = S.Zero, c21 = S.Zero, c22 = S.Zero, c23 = S.Zero;
        V c30 = S.Zero, c31 = S.Zero, c32 = S.Zero, c33 = S.Zero;
        for (var k = 0; k < depth; k++)
        {
            var b0 = S.Load(b);
            var b1 = S.Load(b + S.Width);
            var b2 = S.Load(b + 2 * S.Width);
            var b3 = S.Load(b + 3 * S.Width);
            var x0 = S.Create(*a0);
            c00 = S.MultiplyAdd(x0, b0, c00);
            c01 = S.MultiplyAdd(x0, b1, c01);
            c02 = S.MultiplyAdd(x0, b2, c02);
            c03 = S.MultiplyAdd(x0, b3, c03);
            var x1 = S.Create(*a1);
            c10 = S.MultiplyAdd(x1, b0, c10);
            c11 = S.MultiplyAdd(x1, b1, c11);
            c12 = S.MultiplyAdd(x1, b2, c12);
            c13 = S.MultiplyAdd(x1, b3, c13);
            var x2 = S.Create(*a2);
            c20 = S.MultiplyAdd(x2, b0, c20);
            c21 = S.MultiplyAdd(x2, b1, c21);
            c22 = S.MultiplyAdd(x2, b2, c22);
            c23 = S.MultiplyAdd(x2, b3, c23);
            var x3 = S.Create(*a3);
            c30 = S.MultiplyAdd(x3, b0, c30);
            c31 = S.MultiplyAdd(x3, b1, c31);
            c32 = S.MultiplyAdd(x3, b2, c32);
            c33 = S.MultiplyAdd(x3, b3, c33);
            a0 += depthStride;
            a1 += depthStride;
            a2 += depthStride;
            a3 += depthStride;
            b += strideB;
        }

        S.Store(c00, tile);
        S.Store(c01, tile + S.Width);
        S.Store(c02, tile + 2 * S.Width);
        S.Store(c03, tile + 3 * S.Width);
        S.Store(c10, tile + 4 * S.Width);
        S.Store(c11, tile + 5 * S.Width);
        S.Store(c12, tile + 6 * S.Width);
        S.Store(c13, tile + 7 * S.Width);
        S.Store(c20, tile + 8 * S.Width);
        S.Store(c21, tile + 9 * S.Width);
        S.Store(c22, tile + 10 * S.Width);
        S.Store(c23, tile + 11 * S.Width);
        S.Store(c30, tile + 12 * S.Width);
        S.Store(c31, tile + 13 * S.Width);
        S.Store(c32, tile + 14 * S.Width);
        S.Store(c33, tile + 15 * S.Width);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4x2(int depth, float* a0, float* a1, float* a2, float* a3, int depthStride, float* b, int strideB, float* tile)
    {
        V c00 = S.Zero, c01 = S.Zero;
        V c10 = S.Zero, c11 = S.Zero;
        V c20 = S.Zero, c21 = S.Zero;
        V c30 = S.Zero, c31 = S.Zero;
        for (var k = 0; k < depth; k++)
        {
            var b0 = S.Load(b);
            var b1 = S.Load(b + S.Width);
            var x0 = S.Create(*a0);
            c00 = S.MultiplyAdd(x0, b0, c00);
            c01 = S.MultiplyAdd(x0, b1, c01);
            var x1 = S.Create(*a1);
            c10 = S.MultiplyAdd(x1, b0, c10);
            c11 = S.MultiplyAdd(x1, b1, c11);
            var x2 = S.Create(*a2);
            c20 = S.MultiplyAdd(x2, b0, c20);
            c21 = S.MultiplyAdd(x2, b1, c21);
            var x3 = S.Create(*a3);
            c30 = S.MultiplyAdd(x3, b0, c30);
            c31 = S.MultiplyAdd(x3, b1, c31);
            a0 += depthStride;
            a1 += depthStride;
            a2 += depthStride;
            a3 += depthStride;
            b += strideB;
        }

        S.Store(c00, tile);
        S.Store(c01, tile + S.Width);
        S.Store(c10, tile + 2 * S.Width);
        S.Store(c11, tile + 3 * S.Width);
        S.Store(c20, tile + 4 * S.Width);
        S.Store(c21, tile + 5 * S.Width);
        S.Store(c30, tile + 6 * S.Width);
        S.Store(c31, tile + 7 * S.Width);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4x1(int depth, float* a0, float* a1, float* a2, float* a3, int depthStride, float* b, int strideB, float* tile)
    {
        V c00 = S.Zero;
        V c10 = S.Zero;
        V c20 = S.Zero;
        V c30 = S.Zero;
        for (var k = 0; k < depth; k++)
        {
            var b0 = S.Load(b);
            var x0 = S.Create(*a0);
            c00 = S.MultiplyAdd(x0, b0, c00);
            var x1 = S.Create(*a1);
            c10 = S.MultiplyAdd(x1, b0, c10);
            var x2 = S.Create(*a2);
            c20 = S.MultiplyAdd(x2, b0, c20);
            var x3 = S.Create(*a3);
            c30 = S.MultiplyAdd(x3, b0, c30);
            a0 += depthStride;
            a1 += depthStride;
            a2 += depthStride;
            a3 += depthStride;
            b += strideB;
        }

        S.Store(c00, tile);
        S.Store(c10, tile + S.Width);
        S.Store(c20, tile + 2 * S.Width);
        S.Store(c30, tile + 3 * S.Width);
    }
}
