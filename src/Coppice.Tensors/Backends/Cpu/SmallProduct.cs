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
    /// A strip of as many rows as the kernel has (<see cref="ISimd{V}.KernelRows"/>): c[i, n] (+)= Σ_k a[i · rowStride + k · depthStride] · b[k, n] for k &lt; depth.
    /// The columns are rounded up to whole vectors: rows of b and c must have room for them.
    /// </summary>
    public static void Strip(int columns, int depth, float* a, int rowStride, int depthStride, float* b, int strideB, float* c, int strideC, bool accumulate)
    {
        var n = 0;
        for (; n <= columns - 2 * S.Width; n += 2 * S.Width)
        {
            if (S.KernelRows == 8) Tile8x2(depth, a, rowStride, depthStride, b + n, strideB, c + n, strideC, accumulate);
            else Tile4x2(depth, a, rowStride, depthStride, b + n, strideB, c + n, strideC, accumulate);
        }

        for (; n < columns; n += S.Width)
        {
            if (S.KernelRows == 8) Tile8x1(depth, a, rowStride, depthStride, b + n, strideB, c + n, strideC, accumulate);
            else Tile4x1(depth, a, rowStride, depthStride, b + n, strideB, c + n, strideC, accumulate);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(V value, float* c, bool accumulate) => S.Store(accumulate ? S.Add(value, S.Load(c)) : value, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(V first, V second, float* c, bool accumulate)
    {
        Put(first, c, accumulate);
        Put(second, c + S.Width, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile8x2(int depth, float* a, long rowStride, int depthStride, float* b, int strideB, float* c, int strideC, bool accumulate)
    {
        V c00 = S.Zero, c01 = S.Zero;
        V c10 = S.Zero, c11 = S.Zero;
        V c20 = S.Zero, c21 = S.Zero;
        V c30 = S.Zero, c31 = S.Zero;
        V c40 = S.Zero, c41 = S.Zero;
        V c50 = S.Zero, c51 = S.Zero;
        V c60 = S.Zero, c61 = S.Zero;
        V c70 = S.Zero, c71 = S.Zero;
        // Four rows are reached from one address by multiples of the stride: pointers to all of them would not fit in the registers.
        var (stride2, stride3) = (2 * rowStride, 3 * rowStride);
        var a4 = a + 4 * rowStride;
        for (var k = 0; k < depth; k++)
        {
            var b0 = S.Load(b);
            var b1 = S.Load(b + S.Width);
            var x0 = S.Create(*a);
            c00 = S.MultiplyAdd(x0, b0, c00);
            c01 = S.MultiplyAdd(x0, b1, c01);
            var x1 = S.Create(a[rowStride]);
            c10 = S.MultiplyAdd(x1, b0, c10);
            c11 = S.MultiplyAdd(x1, b1, c11);
            var x2 = S.Create(a[stride2]);
            c20 = S.MultiplyAdd(x2, b0, c20);
            c21 = S.MultiplyAdd(x2, b1, c21);
            var x3 = S.Create(a[stride3]);
            c30 = S.MultiplyAdd(x3, b0, c30);
            c31 = S.MultiplyAdd(x3, b1, c31);
            var x4 = S.Create(*a4);
            c40 = S.MultiplyAdd(x4, b0, c40);
            c41 = S.MultiplyAdd(x4, b1, c41);
            var x5 = S.Create(a4[rowStride]);
            c50 = S.MultiplyAdd(x5, b0, c50);
            c51 = S.MultiplyAdd(x5, b1, c51);
            var x6 = S.Create(a4[stride2]);
            c60 = S.MultiplyAdd(x6, b0, c60);
            c61 = S.MultiplyAdd(x6, b1, c61);
            var x7 = S.Create(a4[stride3]);
            c70 = S.MultiplyAdd(x7, b0, c70);
            c71 = S.MultiplyAdd(x7, b1, c71);
            a += depthStride;
            a4 += depthStride;
            b += strideB;
        }

        Put(c00, c01, c, accumulate);
        Put(c10, c11, c + strideC, accumulate);
        Put(c20, c21, c + 2L * strideC, accumulate);
        Put(c30, c31, c + 3L * strideC, accumulate);
        Put(c40, c41, c + 4L * strideC, accumulate);
        Put(c50, c51, c + 5L * strideC, accumulate);
        Put(c60, c61, c + 6L * strideC, accumulate);
        Put(c70, c71, c + 7L * strideC, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile8x1(int depth, float* a, long rowStride, int depthStride, float* b, int strideB, float* c, int strideC, bool accumulate)
    {
        V c00 = S.Zero;
        V c10 = S.Zero;
        V c20 = S.Zero;
        V c30 = S.Zero;
        V c40 = S.Zero;
        V c50 = S.Zero;
        V c60 = S.Zero;
        V c70 = S.Zero;
        // Four rows are reached from one address by multiples of the stride: pointers to all of them would not fit in the registers.
        var (stride2, stride3) = (2 * rowStride, 3 * rowStride);
        var a4 = a + 4 * rowStride;
        for (var k = 0; k < depth; k++)
        {
            var b0 = S.Load(b);
            var x0 = S.Create(*a);
            c00 = S.MultiplyAdd(x0, b0, c00);
            var x1 = S.Create(a[rowStride]);
            c10 = S.MultiplyAdd(x1, b0, c10);
            var x2 = S.Create(a[stride2]);
            c20 = S.MultiplyAdd(x2, b0, c20);
            var x3 = S.Create(a[stride3]);
            c30 = S.MultiplyAdd(x3, b0, c30);
            var x4 = S.Create(*a4);
            c40 = S.MultiplyAdd(x4, b0, c40);
            var x5 = S.Create(a4[rowStride]);
            c50 = S.MultiplyAdd(x5, b0, c50);
            var x6 = S.Create(a4[stride2]);
            c60 = S.MultiplyAdd(x6, b0, c60);
            var x7 = S.Create(a4[stride3]);
            c70 = S.MultiplyAdd(x7, b0, c70);
            a += depthStride;
            a4 += depthStride;
            b += strideB;
        }

        Put(c00, c, accumulate);
        Put(c10, c + strideC, accumulate);
        Put(c20, c + 2L * strideC, accumulate);
        Put(c30, c + 3L * strideC, accumulate);
        Put(c40, c + 4L * strideC, accumulate);
        Put(c50, c + 5L * strideC, accumulate);
        Put(c60, c + 6L * strideC, accumulate);
        Put(c70, c + 7L * strideC, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4x2(int depth, float* a, long rowStride, int depthStride, float* b, int strideB, float* c, int strideC, bool accumulate)
    {
        V c00 = S.Zero, c01 = S.Zero;
        V c10 = S.Zero, c11 = S.Zero;
        V c20 = S.Zero, c21 = S.Zero;
        V c30 = S.Zero, c31 = S.Zero;
        var (stride2, stride3) = (2 * rowStride, 3 * rowStride);
        for (var k = 0; k < depth; k++)
        {
            var b0 = S.Load(b);
            var b1 = S.Load(b + S.Width);
            var x0 = S.Create(*a);
            c00 = S.MultiplyAdd(x0, b0, c00);
            c01 = S.MultiplyAdd(x0, b1, c01);
            var x1 = S.Create(a[rowStride]);
            c10 = S.MultiplyAdd(x1, b0, c10);
            c11 = S.MultiplyAdd(x1, b1, c11);
            var x2 = S.Create(a[stride2]);
            c20 = S.MultiplyAdd(x2, b0, c20);
            c21 = S.MultiplyAdd(x2, b1, c21);
            var x3 = S.Create(a[stride3]);
            c30 = S.MultiplyAdd(x3, b0, c30);
            c31 = S.MultiplyAdd(x3, b1, c31);
            a += depthStride;
            b += strideB;
        }

        Put(c00, c01, c, accumulate);
        Put(c10, c11, c + strideC, accumulate);
        Put(c20, c21, c + 2L * strideC, accumulate);
        Put(c30, c31, c + 3L * strideC, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4x1(int depth, float* a, long rowStride, int depthStride, float* b, int strideB, float* c, int strideC, bool accumulate)
    {
        V c00 = S.Zero;
        V c10 = S.Zero;
        V c20 = S.Zero;
        V c30 = S.Zero;
        var (stride2, stride3) = (2 * rowStride, 3 * rowStride);
        for (var k = 0; k < depth; k++)
        {
            var b0 = S.Load(b);
            var x0 = S.Create(*a);
            c00 = S.MultiplyAdd(x0, b0, c00);
            var x1 = S.Create(a[rowStride]);
            c10 = S.MultiplyAdd(x1, b0, c10);
            var x2 = S.Create(a[stride2]);
            c20 = S.MultiplyAdd(x2, b0, c20);
            var x3 = S.Create(a[stride3]);
            c30 = S.MultiplyAdd(x3, b0, c30);
            a += depthStride;
            b += strideB;
        }

        Put(c00, c, accumulate);
        Put(c10, c + strideC, accumulate);
        Put(c20, c + 2L * strideC, accumulate);
        Put(c30, c + 3L * strideC, accumulate);
    }
}
