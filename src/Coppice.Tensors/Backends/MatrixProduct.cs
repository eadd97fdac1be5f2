namespace Coppice.Tensors;

/// <summary>
/// The arguments of a matrix product C = op(A) · op(B) (+ C) (+ bias) (+ residual): C is [M, N], op(A) is [M, K], op(B) is [K, N].
/// All matrices are row-major; a stride is the distance in floats from one row to the next as it lies in memory.
/// </summary>
public unsafe struct MatrixProduct
{
    /// <summary>Rows of C.</summary>
    public int M;

    /// <summary>Columns of C.</summary>
    public int N;

    /// <summary>The dimension that is summed over, in order of k.</summary>
    public int K;

    /// <summary>A: [M, K], or [K, M] where <see cref="TransposeA"/>.</summary>
    public float* A;

    /// <summary>Row stride of A.</summary>
    public int StrideA;

    /// <summary>A lies in memory as [K, M].</summary>
    public bool TransposeA;

    /// <summary>B: [K, N], or [N, K] where <see cref="TransposeB"/>.</summary>
    public float* B;

    /// <summary>Row stride of B.</summary>
    public int StrideB;

    /// <summary>B lies in memory as [N, K].</summary>
    public bool TransposeB;

    /// <summary>C: [M, N].</summary>
    public float* C;

    /// <summary>Row stride of C.</summary>
    public int StrideC;

    /// <summary>Add to what C holds instead of overwriting it.</summary>
    public bool Accumulate;

    /// <summary>Null, or N values added to every row.</summary>
    public float* Bias;

    /// <summary>Null, or [M, N] added, with the row stride of C.</summary>
    public float* Residual;
}
