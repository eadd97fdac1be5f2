using System.Diagnostics;

namespace Coppice.Tensors;

/// <summary>A backend that measures how long each kind of operation takes, and leaves the computing to another.</summary>
/// <param name="inner">Computes; disposed with this one.</param>
public sealed unsafe class TimedBackend(Backend inner) : Backend
{
    private readonly Dictionary<string, long> _ticks = [];

    // Blocks of an optimizer step run on several threads, inside an operation that is measured as a whole.
    private bool _updating;

    /// <summary>Seconds spent in each operation since <see cref="Restart"/>, by its name.</summary>
    public IReadOnlyDictionary<string, double> Seconds => _ticks.ToDictionary(entry => entry.Key, entry => (double)entry.Value / Stopwatch.Frequency);

    /// <inheritdoc/>
    public override string Name => inner.Name;

    /// <inheritdoc/>
    public override int Threads => inner.Threads;

    /// <inheritdoc/>
    public override int UpdateBlock => inner.UpdateBlock;

    /// <summary>Forgets what was measured.</summary>
    public void Restart() => _ticks.Clear();

    /// <inheritdoc/>
    public override void* Allocate(long bytes) => inner.Allocate(bytes);

    /// <inheritdoc/>
    public override void Free(void* pointer) => inner.Free(pointer);

    /// <inheritdoc/>
    public override void Zero(float* destination, long count)
    {
        var start = Stopwatch.GetTimestamp();
        inner.Zero(destination, count);
        Count("Zero", start);
    }

    /// <inheritdoc/>
    public override void Copy(float* source, float* destination, long count)
    {
        var start = Stopwatch.GetTimestamp();
        inner.Copy(source, destination, count);
        Count("Copy", start);
    }

    /// <inheritdoc/>
    public override void CopyToHost(float* source, Span<float> destination) => inner.CopyToHost(source, destination);

    /// <inheritdoc/>
    public override void CopyFromHost(ReadOnlySpan<float> source, float* destination) => inner.CopyFromHost(source, destination);

    /// <inheritdoc/>
    public override void CopyFromHost(ReadOnlySpan<int> source, int* destination) => inner.CopyFromHost(source, destination);

    /// <inheritdoc/>
    public override void Multiply(in MatrixProduct product)
    {
        var start = Stopwatch.GetTimestamp();
        inner.Multiply(product);
        Count("Multiply", start);
    }

    /// <inheritdoc/>
    public override void Multiply(in QuantizedProduct product)
    {
        var start = Stopwatch.GetTimestamp();
        inner.Multiply(product);
        Count("Multiply", start);
    }

    /// <inheritdoc/>
    public override void Fastfood(in FastfoodArguments arguments)
    {
        var start = Stopwatch.GetTimestamp();
        inner.Fastfood(arguments);
        Count("Fastfood", start);
    }

    /// <inheritdoc/>
    public override void AddColumnSums(int rows, int columns, float* x, float* sums)
    {
        var start = Stopwatch.GetTimestamp();
        inner.AddColumnSums(rows, columns, x, sums);
        Count("AddColumnSums", start);
    }

    /// <inheritdoc/>
    public override void CopyMatrix(int rows, int columns, float* source, int sourceStride, float* destination, int destinationStride, bool accumulate)
    {
        var start = Stopwatch.GetTimestamp();
        inner.CopyMatrix(rows, columns, source, sourceStride, destination, destinationStride, accumulate);
        Count("CopyMatrix", start);
    }

    /// <inheritdoc/>
    public override void Transpose(int rows, int columns, float* source, float* destination, bool accumulate)
    {
        var start = Stopwatch.GetTimestamp();
        inner.Transpose(rows, columns, source, destination, accumulate);
        Count("Transpose", start);
    }

    /// <inheritdoc/>
    public override void Apply(PointwiseFunction function, long count, float* x, float* y)
    {
        var start = Stopwatch.GetTimestamp();
        inner.Apply(function, count, x, y);
        Count("Apply", start);
    }

    /// <inheritdoc/>
    public override void ApplyBackward(PointwiseFunction function, long count, float* x, float* y, float* dy, float* dx, bool accumulate)
    {
        var start = Stopwatch.GetTimestamp();
        inner.ApplyBackward(function, count, x, y, dy, dx, accumulate);
        Count("ApplyBackward", start);
    }

    /// <inheritdoc/>
    public override void ScaleAdd(long count, float a, float* x, float b, float* y)
    {
        var start = Stopwatch.GetTimestamp();
        inner.ScaleAdd(count, a, x, b, y);
        Count("ScaleAdd", start);
    }

    /// <inheritdoc/>
    public override void Add(long count, float* x, float* y, float* z)
    {
        var start = Stopwatch.GetTimestamp();
        inner.Add(count, x, y, z);
        Count("Add", start);
    }

    /// <inheritdoc/>
    public override void MultiplyElements(long count, float* x, float* y, float* z, bool accumulate)
    {
        var start = Stopwatch.GetTimestamp();
        inner.MultiplyElements(count, x, y, z, accumulate);
        Count("MultiplyElements", start);
    }

    /// <inheritdoc/>
    public override void Broadcast(long count, float* value, float factor, float* y, bool accumulate)
    {
        var start = Stopwatch.GetTimestamp();
        inner.Broadcast(count, value, factor, y, accumulate);
        Count("Broadcast", start);
    }

    /// <inheritdoc/>
    public override void Select(long count, float* condition, float* a, float* b, float* y, bool accumulate)
    {
        var start = Stopwatch.GetTimestamp();
        inner.Select(count, condition, a, b, y, accumulate);
        Count("Select", start);
    }

    /// <inheritdoc/>
    public override void SwiGlu(long count, float* gate, float* up, float* y)
    {
        var start = Stopwatch.GetTimestamp();
        inner.SwiGlu(count, gate, up, y);
        Count("SwiGlu", start);
    }

    /// <inheritdoc/>
    public override void SwiGluBackward(long count, float* gate, float* up, float* dy, float* dgate, float* dup)
    {
        var start = Stopwatch.GetTimestamp();
        inner.SwiGluBackward(count, gate, up, dy, dgate, dup);
        Count("SwiGluBackward", start);
    }

    /// <inheritdoc/>
    public override void Dropout(long count, float* x, float* y, float probability, Philox random, bool accumulate)
    {
        var start = Stopwatch.GetTimestamp();
        inner.Dropout(count, x, y, probability, random, accumulate);
        Count("Dropout", start);
    }

    /// <inheritdoc/>
    public override void LayerNorm(int rows, int columns, float* x, float* weight, float* bias, float epsilon, float* y, float* means, float* inverses)
    {
        var start = Stopwatch.GetTimestamp();
        inner.LayerNorm(rows, columns, x, weight, bias, epsilon, y, means, inverses);
        Count("LayerNorm", start);
    }

    /// <inheritdoc/>
    public override void LayerNormBackward(int rows, int columns, float* x, float* weight, float* means, float* inverses, float* dy, float* dx, bool accumulate, float* dweight, float* dbias)
    {
        var start = Stopwatch.GetTimestamp();
        inner.LayerNormBackward(rows, columns, x, weight, means, inverses, dy, dx, accumulate, dweight, dbias);
        Count("LayerNormBackward", start);
    }

    /// <inheritdoc/>
    public override void RmsNorm(int rows, int columns, float* x, float* weight, float epsilon, float* y, float* inverses)
    {
        var start = Stopwatch.GetTimestamp();
        inner.RmsNorm(rows, columns, x, weight, epsilon, y, inverses);
        Count("RmsNorm", start);
    }

    /// <inheritdoc/>
    public override void RmsNormBackward(int rows, int columns, float* x, float* weight, float* inverses, float* dy, float* dx, bool accumulate, float* dweight)
    {
        var start = Stopwatch.GetTimestamp();
        inner.RmsNormBackward(rows, columns, x, weight, inverses, dy, dx, accumulate, dweight);
        Count("RmsNormBackward", start);
    }

    /// <inheritdoc/>
    public override void Softmax(int rows, int columns, float* x, float* y, bool logarithm)
    {
        var start = Stopwatch.GetTimestamp();
        inner.Softmax(rows, columns, x, y, logarithm);
        Count("Softmax", start);
    }

    /// <inheritdoc/>
    public override void SoftmaxBackward(int rows, int columns, float* y, float* dy, float* dx, bool logarithm, bool accumulate)
    {
        var start = Stopwatch.GetTimestamp();
        inner.SoftmaxBackward(rows, columns, y, dy, dx, logarithm, accumulate);
        Count("SoftmaxBackward", start);
    }

    /// <inheritdoc/>
    public override void Sum(long count, float* x, float factor, float* y)
    {
        var start = Stopwatch.GetTimestamp();
        inner.Sum(count, x, factor, y);
        Count("Sum", start);
    }

    /// <inheritdoc/>
    public override double SumOfSquares(float* x, long count)
    {
        var start = Stopwatch.GetTimestamp();
        var result = inner.SumOfSquares(x, count);
        Count("SumOfSquares", start);
        return result;
    }

    /// <inheritdoc/>
    public override void AddDifference(long count, float a, float* weights, float* x, float* center, float* y)
    {
        var start = Stopwatch.GetTimestamp();
        inner.AddDifference(count, a, weights, x, center, y);
        Count("AddDifference", start);
    }

    /// <inheritdoc/>
    public override double SquaredDistance(long count, float* weights, float* x, float* y)
    {
        var start = Stopwatch.GetTimestamp();
        var result = inner.SquaredDistance(count, weights, x, y);
        Count("SquaredDistance", start);
        return result;
    }

    /// <inheritdoc/>
    public override void Gather(int rows, int columns, int* ids, float* table, float* y, bool accumulate)
    {
        var start = Stopwatch.GetTimestamp();
        inner.Gather(rows, columns, ids, table, y, accumulate);
        Count("Gather", start);
    }

    /// <inheritdoc/>
    public override void Gather(int rows, int* ids, in QuantizedWeights table, float* y)
    {
        var start = Stopwatch.GetTimestamp();
        inner.Gather(rows, ids, table, y);
        Count("Gather", start);
    }

    /// <inheritdoc/>
    public override void Dequantize(int firstRow, int rows, in QuantizedWeights weights, float* y)
    {
        var start = Stopwatch.GetTimestamp();
        inner.Dequantize(firstRow, rows, weights, y);
        Count("Dequantize", start);
    }

    /// <inheritdoc/>
    public override void ScatterAdd(int rows, int columns, int* ids, float* dy, float* dtable)
    {
        var start = Stopwatch.GetTimestamp();
        inner.ScatterAdd(rows, columns, ids, dy, dtable);
        Count("ScatterAdd", start);
    }

    /// <inheritdoc/>
    public override void Rotate(int rows, int heads, int headSize, int rotarySize, int* positions, float* cosines, float* sines, bool inverse, float* x, int stride)
    {
        var start = Stopwatch.GetTimestamp();
        inner.Rotate(rows, heads, headSize, rotarySize, positions, cosines, sines, inverse, x, stride);
        Count("Rotate", start);
    }

    /// <inheritdoc/>
    public override void Attention(in AttentionArguments arguments)
    {
        var start = Stopwatch.GetTimestamp();
        inner.Attention(arguments);
        Count("Attention", start);
    }

    /// <inheritdoc/>
    public override void AttentionBackward(in AttentionArguments arguments, in AttentionGradients gradients)
    {
        var start = Stopwatch.GetTimestamp();
        inner.AttentionBackward(arguments, gradients);
        Count("AttentionBackward", start);
    }

    /// <inheritdoc/>
    public override void CrossEntropy(in CrossEntropyArguments arguments)
    {
        var start = Stopwatch.GetTimestamp();
        inner.CrossEntropy(arguments);
        Count("CrossEntropy", start);
    }

    /// <inheritdoc/>
    public override void KullbackLeibler(int rows, int columns, float* student, float* teacher, float temperature, float scale, float* weights, float* losses, float* dstudent, float* dteacher)
    {
        var start = Stopwatch.GetTimestamp();
        inner.KullbackLeibler(rows, columns, student, teacher, temperature, scale, weights, losses, dstudent, dteacher);
        Count("KullbackLeibler", start);
    }

    /// <inheritdoc/>
    public override void AdamUpdate(long count, float* u, float* m, float* v, float* vmax, float beta1, float beta2, float epsilon, long step) => inner.AdamUpdate(count, u, m, v, vmax, beta1, beta2, epsilon, step);

    /// <inheritdoc/>
    public override void MomentumUpdate(long count, float* u, float* m, float momentum, bool nesterov) => inner.MomentumUpdate(count, u, m, momentum, nesterov);

    /// <inheritdoc/>
    public override void ForEachUpdateBlock(long count, Action<long, int> update)
    {
        var start = Stopwatch.GetTimestamp();
        _updating = true;
        inner.ForEachUpdateBlock(count, update);
        _updating = false;
        Count("optimizer", start);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => inner.Dispose();

    private void Count(string operation, long start)
    {
        if (_updating) return;
        System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_ticks, operation, out _) += Stopwatch.GetTimestamp() - start;
    }
}
