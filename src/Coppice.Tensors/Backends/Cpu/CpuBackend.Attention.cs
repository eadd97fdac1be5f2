using Coppice.Foundation;

namespace Coppice.Tensors;

// Attention in blocks of queries and keys: scores of one block at a time, softmax kept running, so that memory grows with the sequence and
// never with its square. The scores of a block lie transposed, [keys, queries]: maxima and sums over the keys of as many queries as a vector has
// lanes are then taken at once, with no sum across lanes.
[Technique("flash-attention", Title = "FlashAttention: Fast and Memory-Efficient Exact Attention with IO-Awareness", Paper = "arXiv:2205.14135")]
internal sealed unsafe partial class CpuBackend<S, V>
{
    private const int QueryBlock = 64;
    private const int KeyBlock = 64;

    // With so few queries the keys are read once each, straight from where they lie.
    private const int FewQueries = 3;

    // Below every score, and yet a number: the difference of two maxima is one too.
    private const float LowestMaximum = -1e30f;

    // Blocks are cut into tiles of KernelRows keys and QueryGroup queries; those that the diagonal leaves empty are not computed.
    private static int QueryGroup => Math.Max(S.Width, S.KernelRows);

    public override void Attention(in AttentionArguments arguments)
    {
        var blocks = 0;
        var longest = 0;
        for (var d = 0; d < arguments.Documents; d++)
        {
            var queries = arguments.QueryOffsets[d + 1] - arguments.QueryOffsets[d];
            blocks += (queries + QueryBlock - 1) / QueryBlock;
            longest = Math.Max(longest, arguments.KeyLengths[d]);
        }

        var job = new AttentionJob { Arguments = arguments, Padded = RoundUp(arguments.HeadSize, S.Width) };
        var floats = (long)(job.Padded * (2 * QueryBlock + 2 * KeyBlock)) + QueryBlock * KeyBlock + 3 * QueryBlock;
        ReserveScratch(Math.Max(floats, RoundUp(longest, 16)) * sizeof(float));
        fixed (Scratch* scratch = _scratch)
        {
            job.Workers = scratch;
            _pool.Run(ref job, blocks * arguments.Heads);
        }
    }

    /// <summary>Rows as they lie, or a copy padded with zeros to whole vectors and to whole strips of the product.</summary>
    private static float* PadRows(float* source, ref int stride, int rows, int columns, int padded, float* scratch)
    {
        if (columns == padded && rows % S.KernelRows == 0) return source;
        new Span<float>(scratch, RoundUp(rows, S.KernelRows) * padded).Clear();
        for (var r = 0; r < rows; r++) new Span<float>(source + (long)r * stride, columns).CopyTo(new Span<float>(scratch + r * padded, padded));
        stride = padded;
        return scratch;
    }

    /// <summary>
    /// Asks for rows ahead of their use. The slices of one head are short runs, far from each other: the processor does not foresee them, and a kernel
    /// that meets them row by row waits for each.
    /// </summary>
    private static void PrefetchRows(float* rows, long stride, int count, int columns)
    {
        for (var r = 0; r < count; r++) PrefetchRow(rows + r * stride, columns);
    }

    /// <summary>Asks for the keys and values of the block that begins with <paramref name="first"/>; none where that is the end.</summary>
    private static void PrefetchKeys(in AttentionArguments a, int document, int group, int first, int end)
    {
        var row = (long)(a.KeyOffsets[document] + first);
        var count = Math.Min(KeyBlock, end - first);
        PrefetchRows(a.K + row * a.StrideK + group * a.HeadSize, a.StrideK, count, a.HeadSize);
        PrefetchRows(a.V + row * a.StrideV + group * a.HeadSize, a.StrideV, count, a.HeadSize);
    }

    /// <summary>products[k, q] = rows[k] · column q of <paramref name="columns"/> ([depth, QueryBlock]), in the tiles that the band touches.</summary>
    private static void MultiplyBand(in AttentionBand band, int depth, float* rows, int stride, float* columns, float* products)
    {
        for (var k = 0; k < band.Keys; k += S.KernelRows)
        {
            var (from, to) = QueryGroups(band, k);
            SmallProduct<S, V>.Strip(to - from, depth, rows + (long)k * stride, stride, 1, columns + from, QueryBlock, products + k * QueryBlock + from, QueryBlock, accumulate: false);
        }
    }

    /// <summary>Sets the scores that are not visible to minus infinity, in the tiles that the band touches.</summary>
    private static void HideScores(in AttentionBand band, float* scores)
    {
        if (band.IsWhole) return;
        for (var strip = 0; strip < band.Keys; strip += S.KernelRows)
        {
            var (first, end) = QueryGroups(band, strip);
            for (var k = strip; k < Math.Min(strip + S.KernelRows, band.Keys); k++)
            {
                var (from, to) = band.QueriesOf(k, k + 1);
                var row = scores + k * QueryBlock;
                for (var q = first; q < Math.Min(from, end); q++) row[q] = float.NegativeInfinity;
                for (var q = Math.Max(first, to); q < end; q++) row[q] = float.NegativeInfinity;
            }
        }
    }

    /// <summary>Sets the scores of a tree that are not visible to minus infinity.</summary>
    /// <param name="tree">Who sees what.</param>
    /// <param name="block">The block.</param>
    /// <param name="firstQuery">Its first query.</param>
    /// <param name="firstKey">Its first key.</param>
    /// <param name="scores">[keys, QueryBlock].</param>
    private static void HideScores(in AttentionTree tree, in AttentionBand block, int firstQuery, int firstKey, float* scores)
    {
        for (var k = tree.Window == 0 ? Math.Max(0, tree.Prefix - firstKey) : 0; k < block.Keys; k++)
        {
            var key = firstKey + k;
            for (var q = 0; q < block.Queries; q++)
            {
                var query = firstQuery + q;
                if (!(key < tree.Prefix ? key >= tree.FirstOf(query) : tree.Sees(query, key - tree.Prefix))) scores[k * QueryBlock + q] = float.NegativeInfinity;
            }
        }
    }

    /// <summary>The queries, in whole groups, whose tiles with a strip of keys the band touches.</summary>
    private static (int From, int To) QueryGroups(in AttentionBand band, int strip)
    {
        var (from, to) = band.QueriesOf(strip, Math.Min(strip + S.KernelRows, band.Keys));
        return from < to ? (from / QueryGroup * QueryGroup, RoundUp(to, QueryGroup)) : (0, 0);
    }

    /// <summary>The keys, in whole strips, whose tiles with a query's group the band touches.</summary>
    private static (int From, int To) KeyStrips(in AttentionBand band, int query)
    {
        var group = query / QueryGroup * QueryGroup;
        var (from, to) = band.KeysOf(group, Math.Min(group + QueryGroup, band.Queries));
        return from < to ? (from / S.KernelRows * S.KernelRows, Math.Min(RoundUp(to, S.KernelRows), band.Keys)) : (0, 0);
    }

    /// <summary>One block of queries of one head.</summary>
    private struct AttentionJob : IJob
    {
        public AttentionArguments Arguments;
        public int Padded;
        public Scratch* Workers;

        public readonly void Run(int item, int worker)
        {
            ref readonly var a = ref Arguments;
            var head = item % a.Heads;
            var block = item / a.Heads;
            var document = 0;
            for (; ; document++)
            {
                var blocks = (a.QueryOffsets[document + 1] - a.QueryOffsets[document] + QueryBlock - 1) / QueryBlock;
                if (block < blocks) break;
                block -= blocks;
            }

            var queries = a.QueryOffsets[document + 1] - a.QueryOffsets[document];
            var first = block * QueryBlock;
            var count = Math.Min(QueryBlock, queries - first);
            var scratch = (float*)Workers[worker].Address;
            if (queries <= FewQueries)
            {
                for (var i = first; i < first + count; i++) OneQuery(document, head, i, scratch);
            }
            else
            {
                Block(document, head, first, count, scratch);
            }
        }

        private readonly void OneQuery(int document, int head, int query, float* scores)
        {
            ref readonly var a = ref Arguments;
            var row = a.QueryOffsets[document] + query;
            var output = a.Output + (long)row * a.StrideOutput + head * a.HeadSize;
            var (start, end) = AttentionBand.OfDocument(a, document).KeysOf(query, query + 1);
            // Of a tree, the keys on the way to its first query stand apart from each other: as many scores as in a sequence, in the same order.
            var path = stackalloc int[FewQueries];
            var steps = a.Parents == null ? 0 : PathOf(document, query, path, out start, out end);
            new Span<float>(output, a.HeadSize).Clear();
            if (start == end && steps == 0)
            {
                if (a.LogSumExp != null) a.LogSumExp[(long)row * a.Heads + head] = 0;
                return;
            }

            var group = head / (a.Heads / a.KeyValueHeads);
            var q = a.Q + (long)row * a.StrideQ + head * a.HeadSize;
            var k = a.K + (long)(a.KeyOffsets[document] + start) * a.StrideK + group * a.HeadSize;
            var v = a.V + (long)(a.KeyOffsets[document] + start) * a.StrideV + group * a.HeadSize;
            var count = end - start;
            for (var j = 0; j < count; j++) scores[j] = Dot(q, k + (long)j * a.StrideK, a.HeadSize);
            for (var s = 0; s < steps; s++) scores[count + s] = Dot(q, k + (long)(path[s] - start) * a.StrideK, a.HeadSize);
            AddBias(a, start - query - AttentionBand.OfDocument(a, document).Shift, count, head, scores);
            var max = MaxOfRow(scores, count + steps) * a.Scale;
            var sum = ExpRow(scores, scores, count + steps, a.Scale, max);
            for (var j = 0; j < count; j++) AddScaled(scores[j], v + (long)j * a.StrideV, output, a.HeadSize);
            for (var s = 0; s < steps; s++) AddScaled(scores[count + s], v + (long)(path[s] - start) * a.StrideV, output, a.HeadSize);
            ScaleRow(output, a.HeadSize, 1 / sum);
            if (a.LogSumExp != null) a.LogSumExp[(long)row * a.Heads + head] = max + MathF.Log(sum);
        }

        /// <summary>The keys that a query of a tree of few sees: those of the sequence before it, and behind them those on its way.</summary>
        private readonly int PathOf(int document, int query, int* path, out int start, out int end)
        {
            var tree = new AttentionTree(Arguments, document);
            (start, end) = (tree.FirstOf(query), tree.Prefix);
            var steps = 0;
            for (var other = 0; other <= query; other++)
            {
                if (tree.Sees(query, other)) path[steps++] = tree.Prefix + other;
            }

            return steps;
        }

        private readonly void Block(int document, int head, int first, int count, float* scratch)
        {
            ref readonly var a = ref Arguments;
            var queriesT = scratch;
            var output = queriesT + Padded * QueryBlock;
            var paddedKeys = output + Padded * QueryBlock;
            var paddedValues = paddedKeys + Padded * KeyBlock;
            var scores = paddedValues + Padded * KeyBlock;
            var maxima = scores + KeyBlock * QueryBlock;
            var sums = maxima + QueryBlock;
            var corrections = sums + QueryBlock;
            new Span<float>(maxima, QueryBlock).Fill(LowestMaximum);
            new Span<float>(sums, QueryBlock).Clear();
            new Span<float>(output, Padded * QueryBlock).Clear();

            var group = head / (a.Heads / a.KeyValueHeads);
            var firstRow = a.QueryOffsets[document] + first;
            var band = AttentionBand.OfDocument(a, document);
            var (start, end) = band.KeysOf(first, first + count);
            start = start / KeyBlock * KeyBlock;
            PrefetchKeys(a, document, group, start, end);
            PackTransposed(a.Q + (long)firstRow * a.StrideQ + head * a.HeadSize, a.StrideQ, count, a.HeadSize, queriesT, QueryBlock);
            for (var j = start; j < end; j += KeyBlock)
            {
                PrefetchKeys(a, document, group, j + KeyBlock, end);
                var block = band.Block(first, count, j, Math.Min(KeyBlock, end - j));
                var keyRow = (long)(a.KeyOffsets[document] + j);
                var (strideK, strideV) = (a.StrideK, a.StrideV);
                var keys = PadRows(a.K + keyRow * strideK + group * a.HeadSize, ref strideK, block.Keys, a.HeadSize, Padded, paddedKeys);
                var values = PadRows(a.V + keyRow * strideV + group * a.HeadSize, ref strideV, block.Keys, a.HeadSize, Padded, paddedValues);
                MultiplyBand(block, a.HeadSize, keys, strideK, queriesT, scores);
                AddBias(a, block, head, scores);
                HideScores(block, scores);
                if (a.Parents != null) HideScores(new AttentionTree(a, document), block, first, j, scores);
                SoftmaxStep(block, scores, maxima, sums, corrections);
                for (var i = 0; i < count; i++)
                {
                    if (corrections[i] != 1) ScaleRow(output + i * Padded, Padded, corrections[i]);
                }

                for (var i = 0; i < count; i += S.KernelRows)
                {
                    var (from, to) = block.KeysOf(i, Math.Min(i + S.KernelRows, count));
                    SmallProduct<S, V>.Strip(Padded, to - from, scores + from * QueryBlock + i, 1, QueryBlock, values + (long)from * strideV, strideV, output + i * Padded, Padded, accumulate: true);
                }
            }

            for (var i = 0; i < count; i++)
            {
                ScaleRow(output + i * Padded, Padded, sums[i] == 0 ? 0 : 1 / sums[i]);
                new Span<float>(output + i * Padded, a.HeadSize).CopyTo(new Span<float>(a.Output + (long)(firstRow + i) * a.StrideOutput + head * a.HeadSize, a.HeadSize));
                if (a.LogSumExp != null) a.LogSumExp[(long)(firstRow + i) * a.Heads + head] = sums[i] == 0 ? 0 : maxima[i] + MathF.Log(sums[i]);
            }
        }

        /// <summary>
        /// Turns the scores of a block into terms e^(scale · score - maximum) and adds them to the sums. The corrections are what was summed under
        /// the older maxima has to be multiplied with.
        /// </summary>
        private readonly void SoftmaxStep(in AttentionBand block, float* scores, float* maxima, float* sums, float* corrections)
        {
            var scale = S.Create(Arguments.Scale);
            for (var q = 0; q < block.Queries; q += S.Width)
            {
                var (from, to) = KeyStrips(block, q);
                var old = S.Load(maxima + q);
                var largest = S.Create(float.NegativeInfinity);
                for (var k = from; k < to; k++) largest = S.Max(largest, S.Load(scores + k * QueryBlock + q));
                var maximum = S.Max(old, S.Multiply(largest, scale));
                var minusMaximum = S.Subtract(S.Zero, maximum);
                var sum = S.Zero;
                for (var k = from; k < to; k++)
                {
                    var term = VectorMath<S, V>.Exp(S.MultiplyAdd(S.Load(scores + k * QueryBlock + q), scale, minusMaximum));
                    S.Store(term, scores + k * QueryBlock + q);
                    sum = S.Add(sum, term);
                }

                var correction = VectorMath<S, V>.Exp(S.Add(old, minusMaximum));
                S.Store(maximum, maxima + q);
                S.Store(correction, corrections + q);
                S.Store(S.MultiplyAdd(S.Load(sums + q), correction, sum), sums + q);
            }
        }
    }

    /// <summary>y += a x.</summary>
    private static void AddScaled(float a, float* x, float* y, int count)
    {
        var factor = S.Create(a);
        var i = 0;
        for (; i <= count - S.Width; i += S.Width) S.Store(S.MultiplyAdd(factor, S.Load(x + i), S.Load(y + i)), y + i);
        for (; i < count; i++) y[i] += a * x[i];
    }
}
