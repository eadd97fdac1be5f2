using Coppice.Foundation;

namespace Coppice.Tensors;

// Attention in blocks of queries and keys: scores of one block at a time, softmax kept running, so that memory grows with the sequence and
// never with its square.
[Technique("flash-attention", Title = "FlashAttention: Fast and Memory-Efficient Exact Attention with IO-Awareness", Paper = "arXiv:2205.14135")]
internal sealed unsafe partial class CpuBackend<S, V>
{
    private const int QueryBlock = 64;
    private const int KeyBlock = 64;

    // With so few queries the keys are read once each, straight from where they lie.
    private const int FewQueries = 3;

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
        var floats = (long)(job.Padded * (2 * KeyBlock + 2 * QueryBlock)) + QueryBlock * KeyBlock + 2 * QueryBlock + RoundUp(longest, 16);
        ReserveScratch(floats * sizeof(float));
        fixed (Scratch* scratch = _scratch)
        {
            job.Workers = scratch;
            _pool.Run(ref job, blocks * arguments.Heads);
        }
    }

    public override void AttentionBackward(in AttentionArguments arguments, in AttentionGradients gradients)
    {
        var longest = 0;
        for (var d = 0; d < arguments.Documents; d++) longest = Math.Max(longest, arguments.QueryOffsets[d + 1] - arguments.QueryOffsets[d]);
        var job = new AttentionBackwardJob { Arguments = arguments, Gradients = gradients, Padded = RoundUp(arguments.HeadSize, S.Width) };
        var floats = (long)job.Padded * (5 * KeyBlock + 3 * QueryBlock) + 2 * QueryBlock * KeyBlock + RoundUp(longest, 16);
        ReserveScratch(floats * sizeof(float));
        fixed (Scratch* scratch = _scratch)
        {
            job.Workers = scratch;
            _pool.Run(ref job, arguments.Documents * arguments.KeyValueHeads);
        }
    }

    /// <summary>The keys [First, End) that a query of a document sees.</summary>
    private static (int First, int End) VisibleKeys(in AttentionArguments a, int query, int queries, int keys)
    {
        var last = query + keys - queries;
        var end = a.Causal ? Math.Clamp(last + 1, 0, keys) : keys;
        var first = a.Causal && a.Window > 0 ? Math.Max(0, last - a.Window + 1) : 0;
        return (Math.Min(first, end), end);
    }

    /// <summary>Rows as they lie, or a copy padded with zeros to whole vectors.</summary>
    private static float* PadRows(float* source, ref int stride, int rows, int columns, int padded, float* scratch)
    {
        if (columns == padded) return source;
        PackPanels(source, stride, 0, rows, rows, columns, padded, padded, scratch);
        stride = padded;
        return scratch;
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
                for (var i = first; i < first + count; i++) OneQuery(document, head, i, queries, scratch);
            }
            else
            {
                Block(document, head, first, count, queries, scratch);
            }
        }

        private readonly void OneQuery(int document, int head, int query, int queries, float* scores)
        {
            ref readonly var a = ref Arguments;
            var row = a.QueryOffsets[document] + query;
            var output = a.Output + (long)row * a.StrideOutput + head * a.HeadSize;
            var (start, end) = VisibleKeys(a, query, queries, a.KeyLengths[document]);
            new Span<float>(output, a.HeadSize).Clear();
            if (start == end)
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
            var max = MaxOfRow(scores, count) * a.Scale;
            var sum = ExpRow(scores, scores, count, a.Scale, max);
            for (var j = 0; j < count; j++) AddScaled(scores[j], v + (long)j * a.StrideV, output, a.HeadSize);
            ScaleRow(output, a.HeadSize, 1 / sum);
            if (a.LogSumExp != null) a.LogSumExp[(long)row * a.Heads + head] = max + MathF.Log(sum);
        }

        private readonly void Block(int document, int head, int first, int count, int queries, float* scratch)
        {
            ref readonly var a = ref Arguments;
            var keysT = scratch;
            var valuesPadded = keysT + Padded * KeyBlock;
            var output = valuesPadded + Padded * KeyBlock;
            var scores = output + Padded * QueryBlock;
            var maxima = scores + QueryBlock * KeyBlock;
            var sums = maxima + QueryBlock;
            new Span<float>(output, Padded * QueryBlock).Clear();
            new Span<float>(maxima, QueryBlock).Fill(float.NegativeInfinity);
            new Span<float>(sums, QueryBlock).Clear();

            var group = head / (a.Heads / a.KeyValueHeads);
            var firstRow = a.QueryOffsets[document] + first;
            var q = a.Q + (long)firstRow * a.StrideQ + head * a.HeadSize;
            var keys = a.KeyLengths[document];
            var start = VisibleKeys(a, first, queries, keys).First / KeyBlock * KeyBlock;
            var end = VisibleKeys(a, first + count - 1, queries, keys).End;
            for (var j = start; j < end; j += KeyBlock)
            {
                var countK = Math.Min(KeyBlock, end - j);
                var k = a.K + (long)(a.KeyOffsets[document] + j) * a.StrideK + group * a.HeadSize;
                var v = a.V + (long)(a.KeyOffsets[document] + j) * a.StrideV + group * a.HeadSize;
                PackTransposed(k, a.StrideK, countK, a.HeadSize, keysT, KeyBlock);
                SmallProduct<S, V>.Multiply(count, countK, a.HeadSize, q, a.StrideQ, 1, keysT, KeyBlock, scores, KeyBlock, accumulate: false);
                for (var i = 0; i < count; i++)
                {
                    var (from, to) = VisibleKeys(a, first + i, queries, keys);
                    from = Math.Clamp(from - j, 0, countK);
                    to = Math.Clamp(to - j, 0, countK);
                    SoftmaxStep(scores + i * KeyBlock, from, to, countK, output + i * Padded, maxima + i, sums + i);
                }

                var strideV = a.StrideV;
                var values = PadRows(v, ref strideV, countK, a.HeadSize, Padded, valuesPadded);
                SmallProduct<S, V>.Multiply(count, Padded, countK, scores, KeyBlock, 1, values, strideV, output, Padded, accumulate: true);
            }

            for (var i = 0; i < count; i++)
            {
                var destination = a.Output + (long)(firstRow + i) * a.StrideOutput + head * a.HeadSize;
                var inverse = sums[i] == 0 ? 0 : 1 / sums[i];
                for (var c = 0; c < a.HeadSize; c++) destination[c] = output[i * Padded + c] * inverse;
                if (a.LogSumExp != null) a.LogSumExp[(long)(firstRow + i) * a.Heads + head] = sums[i] == 0 ? 0 : maxima[i] + MathF.Log(sums[i]);
            }
        }

        /// <summary>Turns a row of scores into terms e^(scale · score - maximum), 0 outside [from, to), and rescales what was summed under an older maximum.</summary>
        private readonly void SoftmaxStep(float* scores, int from, int to, int count, float* output, float* maximum, float* sum)
        {
            if (from < to)
            {
                var max = MathF.Max(*maximum, MaxOfRow(scores + from, to - from) * Arguments.Scale);
                if (max > *maximum && *sum != 0)
                {
                    var correction = MathF.Exp(*maximum - max);
                    *sum *= correction;
                    ScaleRow(output, Padded, correction);
                }

                *maximum = max;
                *sum += ExpRow(scores + from, scores + from, to - from, Arguments.Scale, max);
            }

            new Span<float>(scores, from).Clear();
            new Span<float>(scores + to, count - to).Clear();
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

    /// <summary>
    /// One key/value head of one document, with all the query heads that share it. With P = e^(scale · S - lse), dP = dO · Vᵀ, δ = rows of dO · O and
    /// dS = scale · P (dP - δ): dV = Pᵀ dO, dK = dSᵀ Q, dQ = dS K.
    /// </summary>
    private struct AttentionBackwardJob : IJob
    {
        public AttentionArguments Arguments;
        public AttentionGradients Gradients;
        public int Padded;
        public Scratch* Workers;

        public readonly void Run(int item, int worker)
        {
            ref readonly var a = ref Arguments;
            var document = item / a.KeyValueHeads;
            var group = item % a.KeyValueHeads;
            var headsPerGroup = a.Heads / a.KeyValueHeads;
            var firstQuery = a.QueryOffsets[document];
            var queries = a.QueryOffsets[document + 1] - firstQuery;
            var firstKey = a.KeyOffsets[document];
            var keys = a.KeyLengths[document];
            var scratch = (float*)Workers[worker].Address;
            var deltas = scratch + Padded * (5 * KeyBlock + 3 * QueryBlock) + 2 * QueryBlock * KeyBlock;

            for (var j = 0; j < keys; j++)
            {
                new Span<float>(Gradients.K + (long)(firstKey + j) * Gradients.StrideK + group * a.HeadSize, a.HeadSize).Clear();
                new Span<float>(Gradients.V + (long)(firstKey + j) * Gradients.StrideV + group * a.HeadSize, a.HeadSize).Clear();
            }

            for (var head = group * headsPerGroup; head < (group + 1) * headsPerGroup; head++)
            {
                for (var i = 0; i < queries; i++)
                {
                    var row = (long)(firstQuery + i);
                    var offset = row * a.StrideOutput + head * a.HeadSize;
                    deltas[i] = Dot(Gradients.Output + offset, a.Output + offset, a.HeadSize);
                    new Span<float>(Gradients.Q + row * Gradients.StrideQ + head * a.HeadSize, a.HeadSize).Clear();
                }

                for (var j = 0; j < keys; j += KeyBlock) Keys(document, group, head, j, Math.Min(KeyBlock, keys - j), scratch, deltas);
            }
        }

        private readonly void Keys(int document, int group, int head, int firstKey, int countK, float* scratch, float* deltas)
        {
            ref readonly var a = ref Arguments;
            var keysT = scratch;
            var valuesT = keysT + Padded * KeyBlock;
            var dK = valuesT + Padded * KeyBlock;
            var dV = dK + Padded * KeyBlock;
            var keysPadded = dV + Padded * KeyBlock;
            var queriesPadded = keysPadded + Padded * KeyBlock;
            var outputsPadded = queriesPadded + Padded * QueryBlock;
            var dQ = outputsPadded + Padded * QueryBlock;
            var terms = dQ + Padded * QueryBlock;
            var slopes = terms + QueryBlock * KeyBlock;

            var queries = a.QueryOffsets[document + 1] - a.QueryOffsets[document];
            var keys = a.KeyLengths[document];
            var keyRow = (long)(a.KeyOffsets[document] + firstKey);
            var k = a.K + keyRow * a.StrideK + group * a.HeadSize;
            var v = a.V + keyRow * a.StrideV + group * a.HeadSize;
            PackTransposed(k, a.StrideK, countK, a.HeadSize, keysT, KeyBlock);
            PackTransposed(v, a.StrideV, countK, a.HeadSize, valuesT, KeyBlock);
            var strideK = a.StrideK;
            var kRows = PadRows(k, ref strideK, countK, a.HeadSize, Padded, keysPadded);
            new Span<float>(dK, Padded * KeyBlock).Clear();
            new Span<float>(dV, Padded * KeyBlock).Clear();
            for (var first = 0; first < queries; first += QueryBlock)
            {
                var count = Math.Min(QueryBlock, queries - first);
                if (VisibleKeys(a, first + count - 1, queries, keys).End <= firstKey || VisibleKeys(a, first, queries, keys).First >= firstKey + countK) continue;
                var row = (long)(a.QueryOffsets[document] + first);
                var strideQ = a.StrideQ;
                var q = PadRows(a.Q + row * a.StrideQ + head * a.HeadSize, ref strideQ, count, a.HeadSize, Padded, queriesPadded);
                var strideO = a.StrideOutput;
                var dO = PadRows(Gradients.Output + row * a.StrideOutput + head * a.HeadSize, ref strideO, count, a.HeadSize, Padded, outputsPadded);
                SmallProduct<S, V>.Multiply(count, countK, a.HeadSize, q, strideQ, 1, keysT, KeyBlock, terms, KeyBlock, accumulate: false);
                SmallProduct<S, V>.Multiply(count, countK, a.HeadSize, dO, strideO, 1, valuesT, KeyBlock, slopes, KeyBlock, accumulate: false);
                for (var i = 0; i < count; i++)
                {
                    var (from, to) = VisibleKeys(a, first + i, queries, keys);
                    from = Math.Clamp(from - firstKey, 0, countK);
                    to = Math.Clamp(to - firstKey, 0, countK);
                    Slopes(terms + i * KeyBlock, slopes + i * KeyBlock, from, to, countK, a.LogSumExp[(row + i) * a.Heads + head], deltas[first + i]);
                }

                SmallProduct<S, V>.Multiply(countK, Padded, count, terms, 1, KeyBlock, dO, strideO, dV, Padded, accumulate: true);
                SmallProduct<S, V>.Multiply(countK, Padded, count, slopes, 1, KeyBlock, q, strideQ, dK, Padded, accumulate: true);
                SmallProduct<S, V>.Multiply(count, Padded, countK, slopes, KeyBlock, 1, kRows, strideK, dQ, Padded, accumulate: false);
                for (var i = 0; i < count; i++) AddTo(dQ + i * Padded, Gradients.Q + (row + i) * Gradients.StrideQ + head * a.HeadSize, a.HeadSize);
            }

            for (var j = 0; j < countK; j++)
            {
                AddTo(dK + j * Padded, Gradients.K + (keyRow + j) * Gradients.StrideK + group * a.HeadSize, a.HeadSize);
                AddTo(dV + j * Padded, Gradients.V + (keyRow + j) * Gradients.StrideV + group * a.HeadSize, a.HeadSize);
            }
        }

        /// <summary>From scores to P, and from dP to dS, in place; both 0 outside [from, to).</summary>
        private readonly void Slopes(float* scores, float* slopes, int from, int to, int count, float logSumExp, float delta)
        {
            if (from < to) ExpRow(scores + from, scores + from, to - from, Arguments.Scale, logSumExp);
            new Span<float>(scores, from).Clear();
            new Span<float>(scores + to, count - to).Clear();
            var scale = S.Create(Arguments.Scale);
            var minusDelta = S.Create(-delta);
            for (var j = 0; j < count; j += S.Width)
            {
                // The block's rows are whole vectors long; what lies beyond the last key meets a zero or is never read.
                var p = S.Multiply(S.Load(scores + j), scale);
                S.Store(S.Multiply(p, S.Add(S.Load(slopes + j), minusDelta)), slopes + j);
            }
        }
    }
}
