namespace Coppice.Tensors;

/// <summary>What optimizers and penalties do to flat buffers. What works on a range is element by element, so any split into ranges gives the same bits.</summary>
public static unsafe class FlatBufferOperations
{
    /// <summary>y = a x + b y on a range.</summary>
    /// <param name="y">Input and output.</param>
    /// <param name="b">Factor of y; where 0, y is not read.</param>
    /// <param name="x">Input.</param>
    /// <param name="a">Factor of x.</param>
    /// <param name="start">First value of the range.</param>
    /// <param name="count">Length of the range.</param>
    public static void ScaleAdd(this FlatBuffer y, float b, FlatBuffer x, float a, long start, long count)
    {
        y.CheckRange(start, count);
        x.CheckRange(start, count);
        y.Backend.ScaleAdd(count, a, x.Data + start, b, y.Data + start);
    }

    /// <summary>x = factor · x on a range.</summary>
    /// <param name="x">Input and output.</param>
    /// <param name="factor">The factor.</param>
    /// <param name="start">First value of the range.</param>
    /// <param name="count">Length of the range.</param>
    public static void Scale(this FlatBuffer x, float factor, long start, long count)
    {
        x.CheckRange(start, count);
        x.Backend.ScaleAdd(count, factor, x.Data + start, 0, x.Data + start);
    }

    /// <summary>y += a · weights · (x - center) on a range: the gradient of a pull of x toward a center.</summary>
    /// <param name="y">Input and output.</param>
    /// <param name="a">Factor of all.</param>
    /// <param name="weights">Factor of each value, or null for 1.</param>
    /// <param name="x">Input.</param>
    /// <param name="center">Input.</param>
    /// <param name="start">First value of the range.</param>
    /// <param name="count">Length of the range.</param>
    public static void AddDifference(this FlatBuffer y, float a, FlatBuffer? weights, FlatBuffer x, FlatBuffer center, long start, long count)
    {
        y.CheckRange(start, count);
        weights?.CheckRange(start, count);
        x.CheckRange(start, count);
        center.CheckRange(start, count);
        y.Backend.AddDifference(count, a, weights is null ? null : weights.Data + start, x.Data + start, center.Data + start, y.Data + start);
    }

    /// <summary>Σ weights · (x - y)² over whole buffers, in a fixed order (the same for any number of threads).</summary>
    /// <param name="x">A buffer.</param>
    /// <param name="y">A buffer of the same size.</param>
    /// <param name="weights">Factor of each value, in a buffer of the same size, or null for 1.</param>
    public static double SquaredDistance(this FlatBuffer x, FlatBuffer y, FlatBuffer? weights = null)
    {
        if (y.Count != x.Count || (weights is not null && weights.Count != x.Count))
            throw new ArgumentException($"Buffers of {x.Count}, {y.Count} and {weights?.Count ?? x.Count} values have no distance.", nameof(y));
        return x.Backend.SquaredDistance(x.Count, weights is null ? null : weights.Data, x.Data, y.Data);
    }

    /// <summary>sums += x² over whole buffers.</summary>
    /// <param name="sums">Input and output.</param>
    /// <param name="x">A buffer of the same size.</param>
    public static void AddSquares(this FlatBuffer sums, FlatBuffer x)
    {
        if (sums.Count != x.Count) throw new ArgumentException($"Squares of {x.Count} values into a buffer of {sums.Count}.", nameof(x));
        sums.Backend.MultiplyElements(x.Count, x.Data, x.Data, sums.Data, accumulate: true);
    }

    /// <summary>Adam on a range: see <see cref="Backend.AdamUpdate"/>.</summary>
    /// <param name="update">Gradient in, update out.</param>
    /// <param name="first">First moment.</param>
    /// <param name="second">Second moment.</param>
    /// <param name="largest">Largest second moment so far (AMSGrad), or null.</param>
    /// <param name="beta1">Decay of the first moment.</param>
    /// <param name="beta2">Decay of the second moment.</param>
    /// <param name="epsilon">Added to the denominator.</param>
    /// <param name="step">The number of the update, from 1.</param>
    /// <param name="start">First value of the range.</param>
    /// <param name="count">Length of the range.</param>
    public static void Adam(this FlatBuffer update, FlatBuffer first, FlatBuffer second, FlatBuffer? largest, float beta1, float beta2, float epsilon, long step, long start, long count)
    {
        update.CheckRange(start, count);
        first.CheckRange(start, count);
        second.CheckRange(start, count);
        largest?.CheckRange(start, count);
        update.Backend.AdamUpdate(count, update.Data + start, first.Data + start, second.Data + start, largest is null ? null : largest.Data + start, beta1, beta2, epsilon, step);
    }

    /// <summary>Momentum on a range: see <see cref="Backend.MomentumUpdate"/>.</summary>
    /// <param name="update">Gradient in, update out.</param>
    /// <param name="velocity">The running sum.</param>
    /// <param name="momentum">Its decay.</param>
    /// <param name="nesterov">Look ahead.</param>
    /// <param name="start">First value of the range.</param>
    /// <param name="count">Length of the range.</param>
    public static void Momentum(this FlatBuffer update, FlatBuffer velocity, float momentum, bool nesterov, long start, long count)
    {
        update.CheckRange(start, count);
        velocity.CheckRange(start, count);
        update.Backend.MomentumUpdate(count, update.Data + start, velocity.Data + start, momentum, nesterov);
    }
}
