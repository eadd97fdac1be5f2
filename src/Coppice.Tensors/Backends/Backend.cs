namespace Coppice.Tensors;

/// <summary>
/// What computes: memory and the fused operations, forward and backward. The one class that another kind of processor has to implement.
/// Pointers are the backend's own memory; matrices are row-major. A backend is used by one thread at a time and spreads the work itself.
/// </summary>
/// <remarks>
/// Contract of every method: for the same arguments the same bits come out, whatever the number of threads. Where a gradient takes
/// <c>accumulate</c>, it is added to what the destination holds; otherwise the destination is overwritten. Gradients of parameters are always added.
/// </remarks>
public abstract unsafe class Backend : IDisposable
{
    /// <summary>A name for people: the processor and the kernel level.</summary>
    public abstract string Name { get; }

    /// <summary>The number of threads that share the work.</summary>
    public abstract int Threads { get; }

    /// <summary>How many values an optimizer step handles at a time, so that they stay in the nearest cache from one transform to the next.</summary>
    public abstract int UpdateBlock { get; }

    // Memory

    /// <summary>Allocates memory aligned to 64 bytes; its content is undefined.</summary>
    /// <param name="bytes">How much.</param>
    public abstract void* Allocate(long bytes);

    /// <summary>Frees what <see cref="Allocate"/> gave.</summary>
    /// <param name="pointer">The memory.</param>
    public abstract void Free(void* pointer);

    /// <summary>Sets values to zero.</summary>
    /// <param name="destination">The values.</param>
    /// <param name="count">How many.</param>
    public abstract void Zero(float* destination, long count);

    /// <summary>Copies values within the backend's memory.</summary>
    /// <param name="source">From.</param>
    /// <param name="destination">To; does not overlap the source.</param>
    /// <param name="count">How many.</param>
    public abstract void Copy(float* source, float* destination, long count);

    /// <summary>Copies values out of the backend's memory.</summary>
    /// <param name="source">From.</param>
    /// <param name="destination">To.</param>
    public abstract void CopyToHost(float* source, Span<float> destination);

    /// <summary>Copies values into the backend's memory.</summary>
    /// <param name="source">From.</param>
    /// <param name="destination">To.</param>
    public abstract void CopyFromHost(ReadOnlySpan<float> source, float* destination);

    /// <summary>Copies integers into the backend's memory.</summary>
    /// <param name="source">From.</param>
    /// <param name="destination">To.</param>
    public abstract void CopyFromHost(ReadOnlySpan<int> source, int* destination);

    // Matrices

    /// <summary>C = op(A) · op(B) (+ C) (+ bias) (+ residual).</summary>
    /// <param name="product">The matrices.</param>
    public abstract void Multiply(in MatrixProduct product);

    /// <summary>C = A · Wᵀ (+ bias) (+ residual) with a quantised W.</summary>
    /// <param name="product">The matrices, and the definition to the bit.</param>
    public abstract void Multiply(in QuantizedProduct product);

    /// <summary>sums[c] += Σ_r x[r, c]: the gradient of a bias.</summary>
    /// <param name="rows">Rows of x.</param>
    /// <param name="columns">Columns of x.</param>
    /// <param name="x">[rows, columns].</param>
    /// <param name="sums">[columns].</param>
    public abstract void AddColumnSums(int rows, int columns, float* x, float* sums);

    /// <summary>Copies (or adds) a matrix between different row strides: slices and concatenations.</summary>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="source">From.</param>
    /// <param name="sourceStride">Row stride of the source.</param>
    /// <param name="destination">To.</param>
    /// <param name="destinationStride">Row stride of the destination.</param>
    /// <param name="accumulate">Add instead of overwriting.</param>
    public abstract void CopyMatrix(int rows, int columns, float* source, int sourceStride, float* destination, int destinationStride, bool accumulate);

    /// <summary>destination[c, r] = source[r, c] (or += where <paramref name="accumulate"/>).</summary>
    /// <param name="rows">Rows of the source.</param>
    /// <param name="columns">Columns of the source.</param>
    /// <param name="source">[rows, columns].</param>
    /// <param name="destination">[columns, rows].</param>
    /// <param name="accumulate">Add instead of overwriting.</param>
    public abstract void Transpose(int rows, int columns, float* source, float* destination, bool accumulate);

    /// <summary>A random map from few numbers to many, or its transpose.</summary>
    /// <param name="arguments">The map, and what goes through it.</param>
    public abstract void Fastfood(in FastfoodArguments arguments);

    // Elements

    /// <summary>y = f(x).</summary>
    /// <param name="function">f.</param>
    /// <param name="count">Number of elements.</param>
    /// <param name="x">Input.</param>
    /// <param name="y">Output; may be x.</param>
    public abstract void Apply(PointwiseFunction function, long count, float* x, float* y);

    /// <summary>dx (+)= dy · f'(x).</summary>
    /// <param name="function">f.</param>
    /// <param name="count">Number of elements.</param>
    /// <param name="x">The input of the forward pass.</param>
    /// <param name="y">Its output.</param>
    /// <param name="dy">Gradient of the output.</param>
    /// <param name="dx">Gradient of the input; may be dy.</param>
    /// <param name="accumulate">Add instead of overwriting.</param>
    public abstract void ApplyBackward(PointwiseFunction function, long count, float* x, float* y, float* dy, float* dx, bool accumulate);

    /// <summary>y = a x + b y.</summary>
    /// <param name="count">Number of elements.</param>
    /// <param name="a">Factor of x.</param>
    /// <param name="x">Input.</param>
    /// <param name="b">Factor of y; where 0, y is not read.</param>
    /// <param name="y">Input and output.</param>
    public abstract void ScaleAdd(long count, float a, float* x, float b, float* y);

    /// <summary>z = x + y.</summary>
    /// <param name="count">Number of elements.</param>
    /// <param name="x">Input.</param>
    /// <param name="y">Input.</param>
    /// <param name="z">Output; may be x or y.</param>
    public abstract void Add(long count, float* x, float* y, float* z);

    /// <summary>z (+)= x · y, element by element.</summary>
    /// <param name="count">Number of elements.</param>
    /// <param name="x">Input.</param>
    /// <param name="y">Input.</param>
    /// <param name="z">Output; may be x or y.</param>
    /// <param name="accumulate">Add instead of overwriting.</param>
    public abstract void MultiplyElements(long count, float* x, float* y, float* z, bool accumulate);

    /// <summary>y[i] (+)= value, for a scalar that lies in memory: the gradient of a sum.</summary>
    /// <param name="count">Number of elements.</param>
    /// <param name="value">One value.</param>
    /// <param name="factor">Multiplies it.</param>
    /// <param name="y">Output.</param>
    /// <param name="accumulate">Add instead of overwriting.</param>
    public abstract void Broadcast(long count, float* value, float factor, float* y, bool accumulate);

    /// <summary>y = condition != 0 ? a : b, element by element; a null pointer counts as zeros.</summary>
    /// <param name="count">Number of elements.</param>
    /// <param name="condition">Chooses.</param>
    /// <param name="a">Taken where the condition holds; may be null.</param>
    /// <param name="b">Taken elsewhere; may be null.</param>
    /// <param name="y">Output.</param>
    /// <param name="accumulate">Add instead of overwriting.</param>
    public abstract void Select(long count, float* condition, float* a, float* b, float* y, bool accumulate);

    /// <summary>The gated unit of Llama: y = silu(gate) · up.</summary>
    /// <param name="count">Number of elements.</param>
    /// <param name="gate">Gate.</param>
    /// <param name="up">Values.</param>
    /// <param name="y">Output.</param>
    public abstract void SwiGlu(long count, float* gate, float* up, float* y);

    /// <summary>Gradients of <see cref="SwiGlu"/>, overwriting dgate and dup.</summary>
    /// <param name="count">Number of elements.</param>
    /// <param name="gate">Gate.</param>
    /// <param name="up">Values.</param>
    /// <param name="dy">Gradient of the output.</param>
    /// <param name="dgate">Gradient of the gate.</param>
    /// <param name="dup">Gradient of the values; may be dy.</param>
    public abstract void SwiGluBackward(long count, float* gate, float* up, float* dy, float* dgate, float* dup);

    /// <summary>
    /// Inverted dropout: y = x / (1 - p) where the element is kept, 0 elsewhere. Element i is kept where word i of the random stream,
    /// as a number in [0, 1), is at least p. Its own backward pass with dy for x.
    /// </summary>
    /// <param name="count">Number of elements.</param>
    /// <param name="x">Input.</param>
    /// <param name="y">Output; may be x.</param>
    /// <param name="probability">p, in [0, 1).</param>
    /// <param name="random">The stream.</param>
    /// <param name="accumulate">Add instead of overwriting.</param>
    public abstract void Dropout(long count, float* x, float* y, float probability, Philox random, bool accumulate);

    // Rows

    /// <summary>y = (x - mean) / √(variance + epsilon) · weight + bias for each row.</summary>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="x">[rows, columns].</param>
    /// <param name="weight">[columns].</param>
    /// <param name="bias">[columns] or null.</param>
    /// <param name="epsilon">Added to the variance (which divides by the number of columns).</param>
    /// <param name="y">[rows, columns].</param>
    /// <param name="means">[rows]: the mean of each row, for the backward pass.</param>
    /// <param name="inverses">[rows]: 1 / √(variance + epsilon) of each row.</param>
    public abstract void LayerNorm(int rows, int columns, float* x, float* weight, float* bias, float epsilon, float* y, float* means, float* inverses);

    /// <summary>Gradients of <see cref="LayerNorm"/>.</summary>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="x">The input.</param>
    /// <param name="weight">[columns].</param>
    /// <param name="means">From the forward pass.</param>
    /// <param name="inverses">From the forward pass.</param>
    /// <param name="dy">Gradient of the output.</param>
    /// <param name="dx">Gradient of the input, or null.</param>
    /// <param name="accumulate">Add to dx instead of overwriting it.</param>
    /// <param name="dweight">Added to; or null.</param>
    /// <param name="dbias">Added to; or null.</param>
    public abstract void LayerNormBackward(int rows, int columns, float* x, float* weight, float* means, float* inverses, float* dy, float* dx, bool accumulate, float* dweight, float* dbias);

    /// <summary>y = x / √(mean of x² + epsilon) · weight for each row.</summary>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="x">[rows, columns].</param>
    /// <param name="weight">[columns].</param>
    /// <param name="epsilon">Added to the mean square.</param>
    /// <param name="y">[rows, columns].</param>
    /// <param name="inverses">[rows]: 1 / √(mean square + epsilon) of each row, for the backward pass.</param>
    public abstract void RmsNorm(int rows, int columns, float* x, float* weight, float epsilon, float* y, float* inverses);

    /// <summary>Gradients of <see cref="RmsNorm"/>.</summary>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="x">The input.</param>
    /// <param name="weight">[columns].</param>
    /// <param name="inverses">From the forward pass.</param>
    /// <param name="dy">Gradient of the output.</param>
    /// <param name="dx">Gradient of the input, or null.</param>
    /// <param name="accumulate">Add to dx instead of overwriting it.</param>
    /// <param name="dweight">Added to; or null.</param>
    public abstract void RmsNormBackward(int rows, int columns, float* x, float* weight, float* inverses, float* dy, float* dx, bool accumulate, float* dweight);

    /// <summary>Softmax of each row, or its logarithm.</summary>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="x">[rows, columns].</param>
    /// <param name="y">[rows, columns]; may be x.</param>
    /// <param name="logarithm">Whether the logarithm is wanted.</param>
    public abstract void Softmax(int rows, int columns, float* x, float* y, bool logarithm);

    /// <summary>Gradient of <see cref="Softmax"/>.</summary>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="y">The output of the forward pass.</param>
    /// <param name="dy">Gradient of the output.</param>
    /// <param name="dx">Gradient of the input.</param>
    /// <param name="logarithm">Whether the forward pass gave the logarithm.</param>
    /// <param name="accumulate">Add instead of overwriting.</param>
    public abstract void SoftmaxBackward(int rows, int columns, float* y, float* dy, float* dx, bool logarithm, bool accumulate);

    /// <summary>The sum of all elements, in a fixed order, written to one value.</summary>
    /// <param name="count">Number of elements.</param>
    /// <param name="x">Input.</param>
    /// <param name="factor">Multiplies the sum.</param>
    /// <param name="y">One value, overwritten.</param>
    public abstract void Sum(long count, float* x, float factor, float* y);

    /// <summary>The sum of the squares of all elements, in a fixed order: short pieces in float32 at most, the pieces in double precision.</summary>
    /// <param name="x">Input.</param>
    /// <param name="count">Number of elements.</param>
    public abstract double SumOfSquares(float* x, long count);

    // Weights and where they began

    /// <summary>y += a · weights · (x - center), element by element: the gradient of a pull of x toward a center. Also called on blocks of an optimizer step.</summary>
    /// <param name="count">Number of elements.</param>
    /// <param name="a">Factor of all.</param>
    /// <param name="weights">Factor of each, or null for 1.</param>
    /// <param name="x">Input.</param>
    /// <param name="center">Input.</param>
    /// <param name="y">Input and output.</param>
    public abstract void AddDifference(long count, float a, float* weights, float* x, float* center, float* y);

    /// <summary>Σ weights · (x - y)², in a fixed order: short pieces in float32 at most, the pieces in double precision.</summary>
    /// <param name="count">Number of elements.</param>
    /// <param name="weights">Factor of each, or null for 1.</param>
    /// <param name="x">Input.</param>
    /// <param name="y">Input.</param>
    public abstract double SquaredDistance(long count, float* weights, float* x, float* y);

    // Language models

    /// <summary>y[r] = table[ids[r]]: rows of a table.</summary>
    /// <param name="rows">Number of ids.</param>
    /// <param name="columns">Columns of the table.</param>
    /// <param name="ids">[rows], each within the table.</param>
    /// <param name="table">[any, columns].</param>
    /// <param name="y">[rows, columns].</param>
    /// <param name="accumulate">Add to y instead of overwriting it.</param>
    public abstract void Gather(int rows, int columns, int* ids, float* table, float* y, bool accumulate);

    /// <summary>y[r] = table[ids[r]]: rows of a quantised table, each value rounded once.</summary>
    /// <param name="rows">Number of ids.</param>
    /// <param name="ids">[rows], each within the table.</param>
    /// <param name="table">[any, columns].</param>
    /// <param name="y">[rows, columns].</param>
    public abstract void Gather(int rows, int* ids, in QuantizedWeights table, float* y);

    /// <summary>y[r] = W[firstRow + r]: rows of a quantised matrix that lie together, each value rounded once.</summary>
    /// <param name="firstRow">The first row.</param>
    /// <param name="rows">How many.</param>
    /// <param name="weights">The matrix.</param>
    /// <param name="y">[rows, columns].</param>
    public abstract void Dequantize(int firstRow, int rows, in QuantizedWeights weights, float* y);

    /// <summary>dtable[ids[r]] += dy[r], in order of r.</summary>
    /// <param name="rows">Number of ids.</param>
    /// <param name="columns">Columns of the table.</param>
    /// <param name="ids">[rows].</param>
    /// <param name="dy">[rows, columns].</param>
    /// <param name="dtable">[any, columns].</param>
    public abstract void ScatterAdd(int rows, int columns, int* ids, float* dy, float* dtable);

    /// <summary>
    /// Rotary position embedding in the half-split layout of Llama: within a head, element i and element i + rotarySize/2 turn by the angle
    /// position · theta^(-2i/rotarySize). Angles come from a table.
    /// </summary>
    /// <param name="rows">Tokens.</param>
    /// <param name="heads">Heads.</param>
    /// <param name="headSize">Size of a head.</param>
    /// <param name="rotarySize">How many leading elements of a head turn; even.</param>
    /// <param name="positions">[rows].</param>
    /// <param name="cosines">[maximum position, rotarySize / 2].</param>
    /// <param name="sines">[maximum position, rotarySize / 2].</param>
    /// <param name="inverse">Turn back: the gradient of the turn.</param>
    /// <param name="x">[rows, heads · headSize] with the row stride; changed in place.</param>
    /// <param name="stride">Row stride of x.</param>
    public abstract void Rotate(int rows, int heads, int headSize, int rotarySize, int* positions, float* cosines, float* sines, bool inverse, float* x, int stride);

    /// <summary>Packed multi-head attention.</summary>
    /// <param name="arguments">Queries, keys, values and their documents.</param>
    public abstract void Attention(in AttentionArguments arguments);

    /// <summary>Gradients of <see cref="Attention"/>.</summary>
    /// <param name="arguments">As in the forward pass, with its output and its logarithms of the denominators.</param>
    /// <param name="gradients">The gradient of the output, and where the others go.</param>
    public abstract void AttentionBackward(in AttentionArguments arguments, in AttentionGradients gradients);

    /// <summary>Weighted cross-entropy over rows of logits.</summary>
    /// <param name="arguments">Logits and targets.</param>
    public abstract void CrossEntropy(in CrossEntropyArguments arguments);

    /// <summary>
    /// For each row, weight · scale · T² · KL(softmax(teacher / T) ‖ softmax(student / T)) into losses. Gradients are overwritten where their pointers are not null.
    /// </summary>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="student">[rows, columns].</param>
    /// <param name="teacher">[rows, columns].</param>
    /// <param name="temperature">T.</param>
    /// <param name="scale">Multiplies losses and gradients.</param>
    /// <param name="weights">[rows], or null: 1 for each.</param>
    /// <param name="losses">[rows].</param>
    /// <param name="dstudent">[rows, columns] or null; may be the student.</param>
    /// <param name="dteacher">[rows, columns] or null; may be the teacher.</param>
    public abstract void KullbackLeibler(int rows, int columns, float* student, float* teacher, float temperature, float scale, float* weights, float* losses, float* dstudent, float* dteacher);

    // Optimizers: on blocks of the flat buffers, element by element

    /// <summary>
    /// Adam: m = β1 m + (1-β1) u; v = β2 v + (1-β2) u²; u = (m / (1-β1^t)) / (√(v / (1-β2^t)) + ε). With <paramref name="vmax"/> (AMSGrad),
    /// vmax = max(vmax, v) takes the place of v in the quotient.
    /// </summary>
    /// <param name="count">Number of elements.</param>
    /// <param name="u">Gradient in, update out.</param>
    /// <param name="m">First moment.</param>
    /// <param name="v">Second moment.</param>
    /// <param name="vmax">Largest second moment so far, or null.</param>
    /// <param name="beta1">β1.</param>
    /// <param name="beta2">β2.</param>
    /// <param name="epsilon">ε.</param>
    /// <param name="step">t, from 1.</param>
    public abstract void AdamUpdate(long count, float* u, float* m, float* v, float* vmax, float beta1, float beta2, float epsilon, long step);

    /// <summary>Momentum: m = μ m + u; u = nesterov ? u + μ m : m.</summary>
    /// <param name="count">Number of elements.</param>
    /// <param name="u">Gradient in, update out.</param>
    /// <param name="m">Velocity.</param>
    /// <param name="momentum">μ.</param>
    /// <param name="nesterov">Look ahead.</param>
    public abstract void MomentumUpdate(long count, float* u, float* m, float momentum, bool nesterov);

    /// <summary>Runs <paramref name="update"/> on blocks [start, start + count) that cover a flat buffer, spread over the threads.</summary>
    /// <param name="count">Number of elements of the flat buffer.</param>
    /// <param name="update">Handles one block; touches nothing outside it. May run on several threads at once.</param>
    public abstract void ForEachUpdateBlock(long count, Action<long, int> update);

    /// <summary>Frees the threads. Memory that was allocated has to be freed before.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what the backend holds.</summary>
    /// <param name="disposing">Whether it is disposed rather than finalized.</param>
    protected abstract void Dispose(bool disposing);
}
