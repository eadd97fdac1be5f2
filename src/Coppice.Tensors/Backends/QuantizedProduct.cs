namespace Coppice.Tensors;

/// <summary>
/// The arguments of a product C = A · Wᵀ (+ bias) (+ residual) with a quantised matrix W [N, K]. Each row of A is quantised too, block by block of 32: its
/// levels are the values over a scale d, rounded to the nearest even, d being the block's largest magnitude over 127. A block's products of levels are added up
/// as integers, exactly; then y += sum · (scale of W · d), and in int4 y += minimum of W · (d · sum of the row's levels), in order of the blocks, each
/// operation rounded once. So the result is the same to the bit for every kernel, thread count and number of rows.
/// </summary>
public unsafe struct QuantizedProduct
{
    /// <summary>Rows of A and C.</summary>
    public int M;

    /// <summary>A: [M, K], rows side by side.</summary>
    public float* A;

    /// <summary>W: [N, K].</summary>
    public QuantizedWeights Weights;

    /// <summary>C: [M, N], rows side by side.</summary>
    public float* C;

    /// <summary>Null, or N values added to every row.</summary>
    public float* Bias;

    /// <summary>Null, or [M, N] added.</summary>
    public float* Residual;

    /// <summary>Columns of C.</summary>
    public readonly int N => Weights.Rows;

    /// <summary>The dimension that is summed over.</summary>
    public readonly int K => Weights.Columns;
}
