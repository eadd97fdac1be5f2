using System.Runtime.CompilerServices;

namespace Coppice.Tensors;

/// <summary>The innermost loops of the matrix product for machines with 32 vector registers: packed panels of 8 rows of A by panels of 1 to 3 vectors of B.</summary>
/// <remarks>Written out, since only locals stay in registers. Each output is one chain of multiply-adds in order of k, whatever the tile.</remarks>
internal static unsafe class Tiles8<S, V>
    where S : struct, ISimd<V>
    where V : unmanaged
{
    /// <summary>tile[r, n] = Σ_k a[k, r] · b[k, n] for the packed panels a [depth, 8] and b [depth, vectors · width]; the tile is [8, vectors · width].</summary>
    public static void Multiply(int vectors, int depth, float* a, float* b, float* tile)
    {
        if (vectors == 3) Tile8x3(depth, a, b, tile);
        else if (vectors == 2) Tile8x2(depth, a, b, tile);
        else Tile8x1(depth, a, b, tile);
    }

    /// <summary>8 rows by 3 vectors: 24 accumulators in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile8x3(int depth, float* a, float* b, float* tile)
    {
        V c00 = S.Zero, c01 = S.Zero, c02 = S.Zero;
        V c10 = S.Zero, c11 = S.Zero, c12 = S.Zero;
        V c20 = S.Zero, c21 = S.Zero, c22 = S.Zero;
        V c30 = S.Zero, c31 = S.Zero, c32 = S.Zero;
        V c40 = S.Zero, c41 = S.Zero, c42 = S.Zero;
        V c50 = S.Zero, c51 = S.Zero, c52 = S.Zero;
        V c60 = S.Zero, c61 = S.Zero, c62 = S.Zero;
        V c70 = S.Zero, c71 = S.Zero, c72 = S.Zero;
        for (var k = 0; k < depth; k++)
        {
            var b0 = S.Load(b);
            var b1 = S.Load(b + S.Width);
            var b2 = S.Load(b + 2 * S.Width);
            var a0 = S.Create(a[0]);
            c00 = S.MultiplyAdd(a0, b0, c00);
            c01 = S.MultiplyAdd(a0, b1, c01);
            c02 = S.MultiplyAdd(a0, b2, c02);
            var a1 = S.Create(a[1]);
            c10 = S.MultiplyAdd(a1, b0, c10);
            c11 = S.MultiplyAdd(a1, b1, c11);
            c12 = S.MultiplyAdd(a1, b2, c12);
            var a2 = S.Create(a[2]);
            c20 = S.MultiplyAdd(a2, b0, c20);
            c21 = S.MultiplyAdd(a2, b1, c21);
            c22 = S.MultiplyAdd(a2, b2, c22);
            var a3 = S.Create(a[3]);
            c30 = S.MultiplyAdd(a3, b0, c30);
            c31 = S.MultiplyAdd(a3, b1, c31);
            c32 = S.MultiplyAdd(a3, b2, c32);
            var a4 = S.Create(a[4]);
            c40 = S.MultiplyAdd(a4, b0, c40);
            c41 = S.MultiplyAdd(a4, b1, c41);
            c42 = S.MultiplyAdd(a4, b2, c42);
            var a5 = S.Create(a[5]);
            c50 = S.MultiplyAdd(a5, b0, c50);
            c51 = S.MultiplyAdd(a5, b1, c51);
            c52 = S.MultiplyAdd(a5, b2, c52);
            var a6 = S.Create(a[6]);
            c60 = S.MultiplyAdd(a6, b0, c60);
            c61 = S.MultiplyAdd(a6, b1, c61);
            c62 = S.MultiplyAdd(a6, b2, c62);
            var a7 = S.Create(a[7]);
            c70 = S.MultiplyAdd(a7, b0, c70);
            c71 = S.MultiplyAdd(a7, b1, c71);
            c72 = S.MultiplyAdd(a7, b2, c72);
            a += 8;
            b += 3 * S.Width;
        }

        S.Store(c00, tile);
        S.Store(c01, tile + S.Width);
        S.Store(c02, tile + 2 * S.Width);
        S.Store(c10, tile + 3 * S.Width);
        S.Store(c11, tile + 4 * S.Width);
        S.Store(c12, tile + 5 * S.Width);
        S.Store(c20, tile + 6 * S.Width);
        S.Store(c21, tile + 7 * S.Width);
        S.Store(c22, tile + 8 * S.Width);
        S.Store(c30, tile + 9 * S.Width);
        S.Store(c31, tile + 10 * S.Width);
        S.Store(c32, tile + 11 * S.Width);
        S.Store(c40, tile + 12 * S.Width);
        S.Store(c41, tile + 13 * S.Width);
        S.Store(c42, tile + 14 * S.Width);
        S.Store(c50, tile + 15 * S.Width);
        S.Store(c51, tile + 16 * S.Width);
        S.Store(c52, tile + 17 * S.Width);
        S.Store(c60, tile + 18 * S.Width);
        S.Store(c61, tile + 19 * S.Width);
        S.Store(c62, tile + 20 * S.Width);
        S.Store(c70, tile + 21 * S.Width);
        S.Store(c71, tile + 22 * S.Width);
        S.Store(c72, tile + 23 * S.Width);
    }

    /// <summary>8 rows by 2 vectors: 16 accumulators in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile8x2(int depth, float* a, float* b, float* tile)
    {
        V c00 = S.Zero, c01 = S.Zero;
        V c10 = S.Zero, c11 = S.Zero;
        V c20 = S.Zero, c21 = S.Zero;
        V c30 = S.Zero, c31 = S.Zero;
        V c40 = S.Zero, c41 = S.Zero;
        V c50 = S.Zero, c51 = S.Zero;
        V c60 = S.Zero, c61 = S.Zero;
        V c70 = S.Zero, c71 = S.Zero;
        for (var k = 0; k < depth; k++)
        {
            var b0 = S.Load(b);
            var b1 = S.Load(b + S.Width);
            var a0 = S.Create(a[0]);
            c00 = S.MultiplyAdd(a0, b0, c00);
            c01 = S.MultiplyAdd(a0, b1, c01);
            var a1 = S.Create(a[1]);
            c10 = S.MultiplyAdd(a1, b0, c10);
            c11 = S.MultiplyAdd(a1, b1, c11);
            var a2 = S.Create(a[2]);
            c20 = S.MultiplyAdd(a2, b0, c20);
            c21 = S.MultiplyAdd(a2, b1, c21);
            var a3 = S.Create(a[3]);
            c30 = S.MultiplyAdd(a3, b0, c30);
            c31 = S.MultiplyAdd(a3, b1, c31);
            var a4 = S.Create(a[4]);
            c40 = S.MultiplyAdd(a4, b0, c40);
            c41 = S.MultiplyAdd(a4, b1, c41);
            var a5 = S.Create(a[5]);
            c50 = S.MultiplyAdd(a5, b0, c50);
            c51 = S.MultiplyAdd(a5, b1, c51);
            var a6 = S.Create(a[6]);
            c60 = S.MultiplyAdd(a6, b0, c60);
            c61 = S.MultiplyAdd(a6, b1, c61);
            var a7 = S.Create(a[7]);
            c70 = S.MultiplyAdd(a7, b0, c70);
            c71 = S.MultiplyAdd(a7, b1, c71);
            a += 8;
            b += 2 * S.Width;
        }

        S.Store(c00, tile);
        S.Store(c01, tile + S.Width);
        S.Store(c10, tile + 2 * S.Width);
        S.Store(c11, tile + 3 * S.Width);
        S.Store(c20, tile + 4 * S.Width);
        S.Store(c21, tile + 5 * S.Width);
        S.Store(c30, tile + 6 * S.Width);
        S.Store(c31, tile + 7 * S.Width);
        S.Store(c40, tile + 8 * S.Width);
        S.Store(c41, tile + 9 * S.Width);
        S.Store(c50, tile + 10 * S.Width);
        S.Store(c51, tile + 11 * S.Width);
        S.Store(c60, tile + 12 * S.Width);
        S.Store(c61, tile + 13 * S.Width);
        S.Store(c70, tile + 14 * S.Width);
        S.Store(c71, tile + 15 * S.Width);
    }

    /// <summary>8 rows by 1 vectors: 8 accumulators in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile8x1(int depth, float* a, float* b, float* tile)
    {
        var c00 = S.Zero;
        var c10 = S.Zero;
        var c20 = S.Zero;
        var c30 = S.Zero;
        var c40 = S.Zero;
        var c50 = S.Zero;
        var c60 = S.Zero;
        var c70 = S.Zero;
        for (var k = 0; k < depth; k++)
        {
            var b0 = S.Load(b);
            var a0 = S.Create(a[0]);
            c00 = S.MultiplyAdd(a0, b0, c00);
            var a1 = S.Create(a[1]);
            c10 = S.MultiplyAdd(a1, b0, c10);
            var a2 = S.Create(a[2]);
            c20 = S.MultiplyAdd(a2, b0, c20);
            var a3 = S.Create(a[3]);
            c30 = S.MultiplyAdd(a3, b0, c30);
            var a4 = S.Create(a[4]);
            c40 = S.MultiplyAdd(a4, b0, c40);
            var a5 = S.Create(a[5]);
            c50 = S.MultiplyAdd(a5, b0, c50);
            var a6 = S.Create(a[6]);
            c60 = S.MultiplyAdd(a6, b0, c60);
            var a7 = S.Create(a[7]);
            c70 = S.MultiplyAdd(a7, b0, c70);
            a += 8;
            b += S.Width;
        }

        S.Store(c00, tile);
        S.Store(c10, tile + S.Width);
        S.Store(c20, tile + 2 * S.Width);
        S.Store(c30, tile + 3 * S.Width);
        S.Store(c40, tile + 4 * S.Width);
        S.Store(c50, tile + 5 * S.Width);
        S.Store(c60, tile + 6 * S.Width);
        S.Store(c70, tile + 7 * S.Width);
    }
}
