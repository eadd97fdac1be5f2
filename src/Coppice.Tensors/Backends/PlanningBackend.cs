namespace Coppice.Tensors;

/// <summary>
/// A backend that computes nothing and holds no memory: addresses are handed out by a counter, and operations leave them alone. What runs on it
/// asks an <see cref="Arena"/> for the same blocks in the same order as a real run, so the memory of a step is known exactly before there is any.
/// </summary>
public sealed unsafe class PlanningBackend : Backend
{
    // Beyond what one allocation can reach into the next, and never null.
    private const long Gap = 1 << 20;

    // What a backward pass reads back is a single value that was written as such: the gradient of the loss, which is 1.
    private readonly Dictionary<nint, float> _scalars = [];
    private long _next = Gap;

    /// <inheritdoc/>
    public override string Name => "plan (computes nothing)";

    /// <inheritdoc/>
    public override int Threads => 1;

    /// <inheritdoc/>
    public override int UpdateBlock => 4096;

    /// <inheritdoc/>
    public override void* Allocate(long bytes)
    {
        var address = _next;
        _next = checked(address + (bytes + Gap - 1) / Gap * Gap + Gap);
        return (void*)address;
    }

    /// <inheritdoc/>
    public override void Free(void* pointer)
    {
    }

    /// <summary>Gives back a single value that was written last, and zeros otherwise.</summary>
    /// <param name="source">From.</param>
    /// <param name="destination">To.</param>
    public override void CopyToHost(float* source, Span<float> destination)
    {
        destination.Clear();
        if (destination.Length == 1) destination[0] = _scalars.GetValueOrDefault((nint)source);
    }

    /// <inheritdoc/>
    public override void CopyFromHost(ReadOnlySpan<float> source, float* destination)
    {
        if (source.Length == 1) _scalars[(nint)destination] = source[0];
    }

    /// <inheritdoc/>
    public override double SumOfSquares(float* x, long count) => 0;

    /// <inheritdoc/>
    public override void Zero(float* destination, long count)
    {
    }

    /// <summary>Hands a single value on: the gradient of a loss that is a sum of losses.</summary>
    /// <param name="source">From.</param>
    /// <param name="destination">To.</param>
    /// <param name="count">How many.</param>
    public override void Copy(float* source, float* destination, long count)
    {
        if (count == 1) _scalars[(nint)destination] = _scalars.GetValueOrDefault((nint)source);
    }

    /// <inheritdoc/>
    public override void CopyFromHost(ReadOnlySpan<int> source, int* destination)
    {
    }

    /// <inheritdoc/>
    public override void Multiply(in MatrixProduct product)
    {
    }

    /// <inheritdoc/>
    public override void Multiply(in QuantizedProduct product)
    {
    }

    /// <inheritdoc/>
    public override void Fastfood(in FastfoodArguments arguments)
    {
    }

    /// <inheritdoc/>
    public override void AddColumnSums(int rows, int columns, float* x, float* sums)
    {
    }

    /// <inheritdoc/>
    public override void CopyMatrix(int rows, int columns, float* source, int sourceStride, float* destination, int destinationStride, bool accumulate)
    {
    }

    /// <inheritdoc/>
    public override void Transpose(int rows, int columns, float* source, float* destination, bool accumulate)
    {
    }

    /// <inheritdoc/>
    public override void Apply(PointwiseFunction function, long count, float* x, float* y)
    {
    }

    /// <inheritdoc/>
    public override void ApplyBackward(PointwiseFunction function, long count, float* x, float* y, float* dy, float* dx, bool accumulate)
    {
    }

    /// <inheritdoc/>
    public override void ScaleAdd(long count, float a, float* x, float b, float* y)
    {
    }

    /// <inheritdoc/>
    public override void Add(long count, float* x, float* y, float* z)
    {
    }

    /// <inheritdoc/>
    public override void MultiplyElements(long count, float* x, float* y, float* z, bool accumulate)
    {
    }

    /// <inheritdoc/>
    public override void Broadcast(long count, float* value, float factor, float* y, bool accumulate)
    {
    }

    /// <inheritdoc/>
    public override void Select(long count, float* condition, float* a, float* b, float* y, bool accumulate)
    {
    }

    /// <inheritdoc/>
    public override void SwiGlu(long count, float* gate, float* up, float* y)
    {
    }

    /// <inheritdoc/>
    public override void SwiGluBackward(long count, float* gate, float* up, float* dy, float* dgate, float* dup)
    {
    }

    /// <inheritdoc/>
    public override void Dropout(long count, float* x, float* y, float probability, Philox random, bool accumulate)
    {
    }

    /// <inheritdoc/>
    public override void LayerNorm(int rows, int columns, float* x, float* weight, float* bias, float epsilon, float* y, float* means, float* inverses)
    {
    }

    /// <inheritdoc/>
    public override void LayerNormBackward(int rows, int columns, float* x, float* weight, float* means, float* inverses, float* dy, float* dx, bool accumulate, float* dweight, float* dbias)
    {
    }

    /// <inheritdoc/>
    public override void RmsNorm(int rows, int columns, float* x, float* weight, float epsilon, float* y, float* inverses)
    {
    }

    /// <inheritdoc/>
    public override void RmsNormBackward(int rows, int columns, float* x, float* weight, float* inverses, float* dy, float* dx, bool accumulate, float* dweight)
    {
    }

    /// <inheritdoc/>
    public override void Softmax(int rows, int columns, float* x, float* y, bool logarithm)
    {
    }

    /// <inheritdoc/>
    public override void SoftmaxBackward(int rows, int columns, float* y, float* dy, float* dx, bool logarithm, bool accumulate)
    {
    }

    /// <inheritdoc/>
    public override void Sum(long count, float* x, float factor, float* y)
    {
    }

    /// <inheritdoc/>
    public override void AddDifference(long count, float a, float* weights, float* x, float* center, float* y)
    {
    }

    /// <inheritdoc/>
    public override double SquaredDistance(long count, float* weights, float* x, float* y) => 0;

    /// <inheritdoc/>
    public override void Gather(int rows, int columns, int* ids, float* table, float* y, bool accumulate)
    {
    }

    /// <inheritdoc/>
    public override void Gather(int rows, int* ids, in QuantizedWeights table, float* y)
    {
    }

    /// <inheritdoc/>
    public override void Dequantize(int firstRow, int rows, in QuantizedWeights weights, float* y)
    {
    }

    /// <inheritdoc/>
    public override void ScatterAdd(int rows, int columns, int* ids, float* dy, float* dtable)
    {
    }

    /// <inheritdoc/>
    public override void Rotate(int rows, int heads, int headSize, int rotarySize, int* positions, float* cosines, float* sines, bool inverse, float* x, int stride)
    {
    }

    /// <inheritdoc/>
    public override void Attention(in AttentionArguments arguments)
    {
    }

    /// <inheritdoc/>
    public override void AttentionBackward(in AttentionArguments arguments, in AttentionGradients gradients)
    {
    }

    /// <inheritdoc/>
    public override void CrossEntropy(in CrossEntropyArguments arguments)
    {
    }

    /// <inheritdoc/>
    public override void KullbackLeibler(int rows, int columns, float* student, float* teacher, float temperature, float scale, float* weights, float* losses, float* dstudent, float* dteacher)
    {
    }

    /// <inheritdoc/>
    public override void AdamUpdate(long count, float* u, float* m, float* v, float* vmax, float beta1, float beta2, float epsilon, long step)
    {
    }

    /// <inheritdoc/>
    public override void MomentumUpdate(long count, float* u, float* m, float momentum, bool nesterov)
    {
    }

    /// <inheritdoc/>
    public override void ForEachUpdateBlock(long count, Action<long, int> update)
    {
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }
}
