namespace Coppice.Tensors;

/// <summary>Which queries and keys belong together: a packed batch's documents, or the new tokens and the cached keys of a generation.</summary>
/// <param name="Documents">Number of documents.</param>
/// <param name="QueryOffsets">Documents + 1 cumulative numbers of queries, the first 0.</param>
/// <param name="KeyOffsets">The first key row of each document.</param>
/// <param name="KeyLengths">The number of keys of each document.</param>
/// <param name="Parents">
/// Null, or for each query the query of its document that it follows in a tree, -1 for the first: it sees the keys before those of the document's queries, and of
/// these the keys of the queries on its way to the first one. Causal attention without gradients alone has it.
/// </param>
public readonly record struct AttentionLayout(int Documents, IntTensor QueryOffsets, IntTensor KeyOffsets, IntTensor KeyLengths, IntTensor? Parents = null)
{
    /// <summary>The most queries of a document that are a tree.</summary>
    public const int MostTreeQueries = 64;

    /// <summary>Documents side by side, each attending to itself.</summary>
    /// <param name="tape">Holds the integers.</param>
    /// <param name="cumulativeLengths">Documents + 1 cumulative lengths, the first 0.</param>
    public static AttentionLayout Packed(Tape tape, ReadOnlySpan<int> cumulativeLengths)
    {
        if (cumulativeLengths.Length < 1 || cumulativeLengths[0] != 0) throw new ArgumentException("Cumulative lengths begin with 0.", nameof(cumulativeLengths));
        var documents = cumulativeLengths.Length - 1;
        var offsets = tape.Integers(cumulativeLengths);
        Span<int> lengths = documents <= 256 ? stackalloc int[documents] : new int[documents];
        for (var d = 0; d < documents; d++)
        {
            lengths[d] = cumulativeLengths[d + 1] - cumulativeLengths[d];
            if (lengths[d] < 0) throw new ArgumentException("Cumulative lengths never fall.", nameof(cumulativeLengths));
        }

        return new AttentionLayout(documents, offsets, offsets, tape.Integers(lengths));
    }
}

/// <summary>The shape of multi-head attention.</summary>
/// <param name="Heads">Query heads.</param>
/// <param name="KeyValueHeads">Key/value heads; divides <paramref name="Heads"/>.</param>
/// <param name="HeadSize">Size of one head.</param>
/// <param name="Causal">No query sees a later key.</param>
/// <param name="Window">0, or the number of latest keys that a query sees, itself included.</param>
/// <param name="Scale">Multiplies the scores; 0 for 1 / √(head size).</param>
public readonly record struct AttentionShape(int Heads, int KeyValueHeads, int HeadSize, bool Causal = true, int Window = 0, float Scale = 0);

/// <summary>softmax(scale · Q Kᵀ + bias) V for each head, within documents.</summary>
public static unsafe class AttentionOperation
{
    /// <summary>Attention with queries, keys and values in tensors of their own.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="q">[query rows, heads · head size].</param>
    /// <param name="k">[key rows, key/value heads · head size].</param>
    /// <param name="v">[key rows, key/value heads · head size].</param>
    /// <param name="layout">The documents.</param>
    /// <param name="shape">Heads and masks.</param>
    /// <param name="bias">
    /// Null, or what is added to the scaled scores by the distance of a key from the query, [2 · radius + 1, heads]: the rows are those of the distances from
    /// -radius (the key is before the query) to radius, and the first and the last are those of all farther ones too. The last query stands where the last key does.
    /// </param>
    /// <returns>[query rows, heads · head size].</returns>
    public static Tensor Attention(this Tape tape, Tensor q, Tensor k, Tensor v, in AttentionLayout layout, in AttentionShape shape, Tensor? bias = null)
    {
        Require.That(q.Columns == shape.Heads * shape.HeadSize, "attention: queries", q.Shape, new Shape(shape.Heads, shape.HeadSize));
        Require.That(k.Columns == shape.KeyValueHeads * shape.HeadSize && k.Shape == v.Shape, "attention: keys and values", k.Shape, v.Shape);
        Require.That(bias is null || (bias.Columns == shape.Heads && bias.Rows % 2 == 1), "attention: bias", q.Shape, bias?.Shape ?? default);
        return Run(tape, q, k, v, packed: false, layout, shape, bias);
    }

    /// <summary>Attention with queries, keys and values side by side in one tensor (GPT-2).</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="qkv">[rows, 3 · heads · head size].</param>
    /// <param name="layout">The documents.</param>
    /// <param name="shape">Heads and masks.</param>
    /// <returns>[rows, heads · head size].</returns>
    public static Tensor Attention(this Tape tape, Tensor qkv, in AttentionLayout layout, in AttentionShape shape)
    {
        Require.That(qkv.Columns == (shape.Heads + 2 * shape.KeyValueHeads) * shape.HeadSize, "attention", qkv.Shape, new Shape(shape.Heads, shape.HeadSize));
        return Run(tape, qkv, qkv, qkv, packed: true, layout, shape, bias: null);
    }

    private static Tensor Run(Tape tape, Tensor q, Tensor k, Tensor v, bool packed, in AttentionLayout layout, in AttentionShape shape, Tensor? bias)
    {
        if (shape.KeyValueHeads <= 0 || shape.Heads % shape.KeyValueHeads != 0) throw new ArgumentException($"{shape.Heads} heads can't share {shape.KeyValueHeads} key/value heads evenly.");
        if (shape.Window < 0 || (shape.Window > 0 && !shape.Causal)) throw new ArgumentException($"A window of {shape.Window} keys: it is 0, or positive in causal attention.");
        if (layout.Parents is not null && (!shape.Causal || bias is not null)) throw new ArgumentException("A tree of queries is for causal attention without a bias.");
        var y = tape.NewTensor(new Shape(q.Rows, shape.Heads * shape.HeadSize), q.RequiresGradient || k.RequiresGradient || v.RequiresGradient || bias is { RequiresGradient: true });
        var logSumExp = y.RequiresGradient ? tape.NewFloats((long)q.Rows * shape.Heads) : null;
        var arguments = new AttentionArguments
        {
            Documents = layout.Documents,
            QueryOffsets = layout.QueryOffsets.Data,
            KeyOffsets = layout.KeyOffsets.Data,
            KeyLengths = layout.KeyLengths.Data,
            Heads = shape.Heads,
            KeyValueHeads = shape.KeyValueHeads,
            HeadSize = shape.HeadSize,
            Scale = shape.Scale == 0 ? (float)(1 / Math.Sqrt(shape.HeadSize)) : shape.Scale,
            Causal = shape.Causal,
            Window = shape.Window,
            Parents = layout.Parents is null ? null : layout.Parents.Data,
            Bias = bias is null ? null : bias.Data,
            BiasRadius = bias is null ? 0 : bias.Rows / 2,
            Q = q.Data,
            StrideQ = q.Columns,
            K = packed ? k.Data + shape.Heads * shape.HeadSize : k.Data,
            StrideK = k.Columns,
            V = packed ? v.Data + (shape.Heads + shape.KeyValueHeads) * shape.HeadSize : v.Data,
            StrideV = v.Columns,
            Output = y.Data,
            StrideOutput = y.Columns,
            LogSumExp = logSumExp,
        };
        tape.Backend.Attention(arguments);
        if (!y.RequiresGradient) return y;
        if (layout.Parents is not null) throw new InvalidOperationException("Attention of a tree has no gradient.");
        var operation = tape.Rent<Recorded>();
        (operation.Q, operation.K, operation.V, operation.Bias, operation.Packed, operation.Arguments) = (q, k, v, bias, packed, arguments);
        operation.Saved = logSumExp;
        tape.Record(operation, y);
        return y;
    }

    private sealed class Recorded : Operation
    {
        private AttentionArguments _arguments;

        public Tensor? Q { get; set; }

        public Tensor? K { get; set; }

        public Tensor? V { get; set; }

        public Tensor? Bias { get; set; }

        public bool Packed { get; set; }

        public AttentionArguments Arguments
        {
            set => _arguments = value;
        }

        internal override void Backward(Tape tape)
        {
            // Made whole and then handed on: the kernel overwrites, and an input may have a gradient already.
            var dq = NewGradient(tape, Q!);
            var dk = Packed ? dq : NewGradient(tape, K!);
            var dv = Packed ? dq : NewGradient(tape, V!);
            var dbias = Bias is { RequiresGradient: true } ? tape.GradientToAdd(Bias) : null;
            var width = _arguments.Heads * _arguments.HeadSize;
            var widthK = _arguments.KeyValueHeads * _arguments.HeadSize;
            tape.Backend.AttentionBackward(_arguments, new AttentionGradients
            {
                Output = Output.Gradient,
                Q = dq.Gradient,
                StrideQ = Q!.Columns,
                K = Packed ? dk.Gradient + width : dk.Gradient,
                StrideK = K!.Columns,
                V = Packed ? dv.Gradient + width + widthK : dv.Gradient,
                StrideV = V!.Columns,
                Bias = dbias,
            });
            tape.HandOn(dq, Q);
            if (Packed) return;
            tape.HandOn(dk, K);
            tape.HandOn(dv, V!);
        }

        internal override void Clear() => (Q, K, V, Bias) = (null, null, null, null);

        private static Tensor NewGradient(Tape tape, Tensor of)
        {
            var carrier = tape.NewCarrier(of.Shape, tape.NewFloats(of.Count));
            // Rows of no document, such as the keys of padding, are left alone by the kernel.
            tape.Backend.Zero(carrier.Gradient, of.Count);
            return carrier;
        }
    }
}
