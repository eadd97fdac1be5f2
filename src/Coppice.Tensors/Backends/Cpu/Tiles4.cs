using System.Runtime.CompilerServices;

namespace Coppice.Tensors;

/// <summary>The innermost loops of the matrix product for machines with 16 vector registers: packed panels of 4 rows of A by panels of 1 to 3 vectors of B.</summary>
/// <remarks>Written out, since only locals stay in registers. Each output is one chain of multiply-adds in order of k, whatever the tile.</remarks>
internal static unsafe class Tiles4<S, V>
    where S : struct, ISimd<V>
    where V : unmanaged
{
    /// <summary>tile[r, n] = Σ_k a[k, r] · b[k, n] for the packed panels a [depth, 4] and b [depth, vectors · width]; the tile is [4, vectors · width].</summary>
    public static void Multiply(int vectors, int depth, float* a, float* b, float* tile)
    {
        if (vectors == 3) Tile4x3(depth, a, b, tile);
        else if (vectors == 2) Tile4x2(depth, a, b, tile);
        else Tile4x1(depth, a, b, tile);
    }

    /// <summary>4 rows by 3 vectors: 12 accumulators in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4x3(int depth, float* a, float* b, float* tile)
    {
        V c00 = S.Zero, c01 = S.Zero, c02 = S.Zero;
        V c10 = S.Zero, c11 = S.Zero, c12 = S.Zero;
        V c20 = S.Zero, c21 = S.Zero, c22 = S.Zero;
        V c30 = S.Zero, c31 = S.Zero, c32 = S.Zero;
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
            a += 4;
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
    }

    /// <summary>4 rows by 2 vectors: 8 accumulators in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4x2(int depth, float* a, float* b, float* tile)
    {
        V c00 = S.Zero, c01 = S.Zero;
        V c10 = S.Zero, c11 = S.Zero;
        V c20 = S.Zero, c21 = S.Zero;
        V c30 = S.Zero, c31 = S.Zero;
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
            a += 4;
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
    }

    /// <summary>4 rows by 1 vectors: 4 accumulators in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4x1(int depth, float* a, float* b, float* tile)
    {
        var c00 = S.Zero;
        var c10 = S.Zero;
        var c20 = S.Zero;
        var c30 = S.Zero;
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
            a += 4;
            b += S.Width;
        }

        S.Store(c00, tile);
        S.Store(c10, tile + S.Width);
        S.Store(c20, tile + 2 * S.Width);
        S.Store(c30, tile + 3 * S.Width);
    }
}
