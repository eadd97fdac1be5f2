using System.Runtime.CompilerServices;

namespace Coppice.Tensors;

/// <summary>How levels are packed in a quantised matrix.</summary>
internal interface ILevels
{
    static abstract QuantizedType Type { get; }
}

/// <summary>A byte each.</summary>
internal readonly struct ByteLevels : ILevels
{
    public static QuantizedType Type => QuantizedType.Int8;
}

/// <summary>Two in a byte.</summary>
internal readonly struct HalfByteLevels : ILevels
{
    public static QuantizedType Type => QuantizedType.Int4;
}

/// <summary>
/// Two slices of a quantised matrix, each as many rows of it as a vector has lanes, with four rows of activations or one. A sum stays in its lane; of each
/// block, integers become a float once.
/// </summary>
/// <typeparam name="I">The vector width.</typeparam>
/// <typeparam name="V">Its vector type.</typeparam>
/// <typeparam name="L">How levels are packed.</typeparam>
internal static unsafe class QuantizedTile<I, V, L>
    where I : struct, IIntegerSimd<V>
    where V : unmanaged
    where L : struct, ILevels
{
    // Runs of a block come in pairs: in int4 a byte holds a level of each.
    private const int Pairs = 4;

    private static int LevelBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => QuantizedLayout.LevelBytes(L.Type);
    }

    private static int Scales
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => QuantizedLayout.Scales(L.Type);
    }

    /// <summary>y[r, n] += the product of four rows of activations with the slices, over some blocks.</summary>
    /// <param name="x">The activations.</param>
    /// <param name="row">The first of the rows.</param>
    /// <param name="block">The first block.</param>
    /// <param name="blocks">How many.</param>
    /// <param name="slice0">The first slice, from that block on.</param>
    /// <param name="slice1">The second.</param>
    /// <param name="y">[4, columns]: the first slice's, then the second's.</param>
    /// <param name="strideY">The distance of rows of y.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FourRows(in ActivationBlocks x, int row, int block, int blocks, QuantizedSlice slice0, QuantizedSlice slice1, float* y, int strideY)
    {
        byte* x0 = x.QuadsOf(row, block), x1 = x.QuadsOf(row + 1, block), x2 = x.QuadsOf(row + 2, block), x3 = x.QuadsOf(row + 3, block);
        float* scale0 = x.ScalesOf(row, block), scale1 = x.ScalesOf(row + 1, block), scale2 = x.ScalesOf(row + 2, block), scale3 = x.ScalesOf(row + 3, block);
        int* sum0 = x.SumsOf(row, block), sum1 = x.SumsOf(row + 1, block), sum2 = x.SumsOf(row + 2, block), sum3 = x.SumsOf(row + 3, block);
        float* y1 = y + strideY, y2 = y1 + strideY, y3 = y2 + strideY;
        byte* w0 = slice0.Levels, w1 = slice1.Levels;
        ushort* s0 = slice0.Scales, s1 = slice1.Scales;
        for (var b = 0; b < blocks; b++)
        {
            V a00 = Start(sum0[b]), a01 = a00;
            V a10 = Start(sum1[b]), a11 = a10;
            V a20 = Start(sum2[b]), a21 = a20;
            V a30 = Start(sum3[b]), a31 = a30;
            for (var pair = 0; pair < Pairs; pair++)
            {
                var (at, far) = (pair * I.QuadBytes, (pair + Pairs) * I.QuadBytes);
                var levels = First(w0, pair);
                V even = I.Even(levels), odd = I.Odd(levels);
                a00 = I.AddProducts(a00, even, odd, x0 + at);
                a10 = I.AddProducts(a10, even, odd, x1 + at);
                a20 = I.AddProducts(a20, even, odd, x2 + at);
                a30 = I.AddProducts(a30, even, odd, x3 + at);
                levels = First(w1, pair);
                (even, odd) = (I.Even(levels), I.Odd(levels));
                a01 = I.AddProducts(a01, even, odd, x0 + at);
                a11 = I.AddProducts(a11, even, odd, x1 + at);
                a21 = I.AddProducts(a21, even, odd, x2 + at);
                a31 = I.AddProducts(a31, even, odd, x3 + at);
                levels = Second(w0, pair);
                (even, odd) = (I.Even(levels), I.Odd(levels));
                a00 = I.AddProducts(a00, even, odd, x0 + far);
                a10 = I.AddProducts(a10, even, odd, x1 + far);
                a20 = I.AddProducts(a20, even, odd, x2 + far);
                a30 = I.AddProducts(a30, even, odd, x3 + far);
                levels = Second(w1, pair);
                (even, odd) = (I.Even(levels), I.Odd(levels));
                a01 = I.AddProducts(a01, even, odd, x0 + far);
                a11 = I.AddProducts(a11, even, odd, x1 + far);
                a21 = I.AddProducts(a21, even, odd, x2 + far);
                a31 = I.AddProducts(a31, even, odd, x3 + far);
            }

            var scales = I.LoadHalves(s0);
            I.AddScaled(a00, scales, scale0[b], y);
            I.AddScaled(a10, scales, scale1[b], y1);
            I.AddScaled(a20, scales, scale2[b], y2);
            I.AddScaled(a30, scales, scale3[b], y3);
            scales = I.LoadHalves(s1);
            I.AddScaled(a01, scales, scale0[b], y + I.Width);
            I.AddScaled(a11, scales, scale1[b], y1 + I.Width);
            I.AddScaled(a21, scales, scale2[b], y2 + I.Width);
            I.AddScaled(a31, scales, scale3[b], y3 + I.Width);
            if (L.Type == QuantizedType.Int4)
            {
                V minima0 = I.LoadHalves(s0 + QuantizedLayout.GroupRows), minima1 = I.LoadHalves(s1 + QuantizedLayout.GroupRows);
                AddMinima(minima0, minima1, scale0[b] * sum0[b], y);
                AddMinima(minima0, minima1, scale1[b] * sum1[b], y1);
                AddMinima(minima0, minima1, scale2[b] * sum2[b], y2);
                AddMinima(minima0, minima1, scale3[b] * sum3[b], y3);
            }

            w0 += LevelBytes;
            w1 += LevelBytes;
            s0 += Scales;
            s1 += Scales;
            x0 += 2 * Pairs * I.QuadBytes;
            x1 += 2 * Pairs * I.QuadBytes;
            x2 += 2 * Pairs * I.QuadBytes;
            x3 += 2 * Pairs * I.QuadBytes;
        }
    }

    /// <summary>As <see cref="FourRows"/>, for one row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OneRow(in ActivationBlocks x, int row, int block, int blocks, QuantizedSlice slice0, QuantizedSlice slice1, float* y)
    {
        var x0 = x.QuadsOf(row, block);
        var scale = x.ScalesOf(row, block);
        var sum = x.SumsOf(row, block);
        byte* w0 = slice0.Levels, w1 = slice1.Levels;
        ushort* s0 = slice0.Scales, s1 = slice1.Scales;
        for (var b = 0; b < blocks; b++)
        {
            V a0 = Start(sum[b]), a1 = a0;
            for (var pair = 0; pair < Pairs; pair++)
            {
                var (at, far) = (pair * I.QuadBytes, (pair + Pairs) * I.QuadBytes);
                a0 = Add(a0, First(w0, pair), x0 + at);
                a1 = Add(a1, First(w1, pair), x0 + at);
                a0 = Add(a0, Second(w0, pair), x0 + far);
                a1 = Add(a1, Second(w1, pair), x0 + far);
            }

            I.AddScaled(a0, I.LoadHalves(s0), scale[b], y);
            I.AddScaled(a1, I.LoadHalves(s1), scale[b], y + I.Width);
            if (L.Type == QuantizedType.Int4)
                AddMinima(I.LoadHalves(s0 + QuantizedLayout.GroupRows), I.LoadHalves(s1 + QuantizedLayout.GroupRows), scale[b] * sum[b], y);
            w0 += LevelBytes;
            w1 += LevelBytes;
            s0 += Scales;
            s1 += Scales;
            x0 += 2 * Pairs * I.QuadBytes;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Add(V sum, V levels, byte* activations) => I.AddProducts(sum, I.Even(levels), I.Odd(levels), activations);

    /// <summary>What the sum of a block begins with: int8 stores levels above what they mean.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Start(int sumOfLevels) => I.Create(L.Type == QuantizedType.Int8 ? -QuantizedLayout.ByteOffset * sumOfLevels : 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddMinima(V minima0, V minima1, float factor, float* y)
    {
        I.AddMultiple(minima0, factor, y);
        I.AddMultiple(minima1, factor, y + I.Width);
    }

    /// <summary>Columns 4 pair to 4 pair + 3 of a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V First(byte* levels, int pair)
    {
        var run = I.Load(levels + pair * QuantizedLayout.RunBytes);
        return L.Type == QuantizedType.Int8 ? run : I.And(run, I.Create(0x0F0F0F0F));
    }

    /// <summary>The columns that are 16 further on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Second(byte* levels, int pair) => L.Type == QuantizedType.Int8
        ? I.Load(levels + (pair + Pairs) * QuantizedLayout.RunBytes)
        : I.And(I.ShiftRight4(I.Load(levels + pair * QuantizedLayout.RunBytes)), I.Create(0x0F0F0F0F));
}
