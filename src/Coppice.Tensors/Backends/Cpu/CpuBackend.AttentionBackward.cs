namespace Coppice.Tensors;

// The gradient of attention, in the same blocks as the forward pass: the probabilities are computed again from the logarithms of the denominators.
internal sealed unsafe partial class CpuBackend<S, V>
{
    public override void AttentionBackward(in AttentionArguments arguments, in AttentionGradients gradients)
    {
        var job = new AttentionBackwardJob { Arguments = arguments, Gradients = gradients, Padded = RoundUp(arguments.HeadSize, S.Width) };
        var floats = (long)job.Padded * (5 * QueryBlock + 4 * KeyBlock) + 2 * KeyBlock * QueryBlock + 2 * QueryBlock;
        ReserveScratch(floats * sizeof(float));
        // Documents add to the same biases: each has sums of its own, which are added in their order.
        var biases = (2 * arguments.BiasRadius + 1) * arguments.Heads;
        if (gradients.Bias != null)
        {
            _shared.Reserve((long)arguments.Documents * biases * sizeof(float));
            job.BiasSums = (float*)_shared.Address;
        }

        fixed (Scratch* scratch = _scratch)
        {
            job.Workers = scratch;
            _pool.Run(ref job, arguments.Documents * arguments.KeyValueHeads);
        }

        if (gradients.Bias != null) AddUnits(arguments.Documents, biases, job.BiasSums, gradients.Bias);
    }

    /// <summary>
    /// One key/value head of one document, with all the query heads that share it. With P = e^(scale · S - lse), dP = dO · Vᵀ, δ = rows of dO · O and
    /// dS = scale · P (dP - δ): dV = Pᵀ dO, dK = dSᵀ Q, dQ = dS K. S, P, dP and dS lie transposed, [keys, queries].
    /// </summary>
    private struct AttentionBackwardJob : IJob
    {
        public AttentionArguments Arguments;
        public AttentionGradients Gradients;
        public int Padded;
        public Scratch* Workers;
        public float* BiasSums;

        public readonly void Run(int item, int worker)
        {
            ref readonly var a = ref Arguments;
            var document = item / a.KeyValueHeads;
            var group = item % a.KeyValueHeads;
            var headsPerGroup = a.Heads / a.KeyValueHeads;
            var queries = a.QueryOffsets[document + 1] - a.QueryOffsets[document];
            var firstKey = a.KeyOffsets[document];
            for (var j = 0; j < a.KeyLengths[document]; j++)
            {
                new Span<float>(Gradients.K + (long)(firstKey + j) * Gradients.StrideK + group * a.HeadSize, a.HeadSize).Clear();
                new Span<float>(Gradients.V + (long)(firstKey + j) * Gradients.StrideV + group * a.HeadSize, a.HeadSize).Clear();
            }

            for (var head = group * headsPerGroup; head < (group + 1) * headsPerGroup; head++)
            {
                for (var d = -a.BiasRadius; BiasSums != null && d <= a.BiasRadius; d++) BiasSumsOf(document)[a.BiasPlace(d, head)] = 0;
                for (var i = 0; i < queries; i += QueryBlock) Queries(document, group, head, i, Math.Min(QueryBlock, queries - i), (float*)Workers[worker].Address);
            }
        }

        private readonly float* BiasSumsOf(int document) => BiasSums + (long)document * (2 * Arguments.BiasRadius + 1) * Arguments.Heads;

        /// <summary>One block of queries against all keys that it sees.</summary>
        private readonly void Queries(int document, int group, int head, int first, int count, float* scratch)
        {
            ref readonly var a = ref Arguments;
            var queriesT = scratch;
            var slopesT = queriesT + Padded * QueryBlock;
            var paddedQueries = slopesT + Padded * QueryBlock;
            var paddedSlopes = paddedQueries + Padded * QueryBlock;
            var dQ = paddedSlopes + Padded * QueryBlock;
            var logSumExp = dQ + Padded * QueryBlock;
            var deltas = logSumExp + QueryBlock;
            var rest = deltas + QueryBlock;

            var firstRow = (long)a.QueryOffsets[document] + first;
            var (strideQ, strideO) = (a.StrideQ, a.StrideOutput);
            var q = a.Q + firstRow * strideQ + head * a.HeadSize;
            var dO = Gradients.Output + firstRow * strideO + head * a.HeadSize;
            var o = a.Output + firstRow * strideO + head * a.HeadSize;
            var band = AttentionBand.OfDocument(a, document);
            var (start, end) = band.KeysOf(first, first + count);
            start = start / KeyBlock * KeyBlock;
            PrefetchRows(dO, strideO, count, a.HeadSize);
            PrefetchRows(o, strideO, count, a.HeadSize);
            PrefetchRows(q, strideQ, count, a.HeadSize);
            PrefetchKeys(a, document, group, start, end);
            new Span<float>(logSumExp, 2 * QueryBlock).Clear();
            for (var i = 0; i < count; i++)
            {
                logSumExp[i] = a.LogSumExp[(firstRow + i) * a.Heads + head];
                deltas[i] = Dot(dO + (long)i * strideO, o + (long)i * strideO, a.HeadSize);
            }

            PackTransposed(q, strideQ, count, a.HeadSize, queriesT, QueryBlock);
            PackTransposed(dO, strideO, count, a.HeadSize, slopesT, QueryBlock);
            q = PadRows(q, ref strideQ, count, a.HeadSize, Padded, paddedQueries);
            dO = PadRows(dO, ref strideO, count, a.HeadSize, Padded, paddedSlopes);
            new Span<float>(dQ, Padded * QueryBlock).Clear();
            for (var j = start; j < end; j += KeyBlock)
            {
                PrefetchKeys(a, document, group, j + KeyBlock, end);
                var block = band.Block(first, count, j, Math.Min(KeyBlock, end - j));
                Keys(block, document, group, head, j, queriesT, slopesT, q, strideQ, dO, strideO, logSumExp, deltas, dQ, rest);
            }

            for (var i = 0; i < count; i++)
            {
                new Span<float>(dQ + i * Padded, a.HeadSize).CopyTo(new Span<float>(Gradients.Q + (firstRow + i) * Gradients.StrideQ + head * a.HeadSize, a.HeadSize));
            }
        }

        /// <summary>One block of queries against one block of keys.</summary>
        private readonly void Keys(
            in AttentionBand block, int document, int group, int head, int firstKey, float* queriesT, float* slopesT, float* q, int strideQ, float* dO, int strideO,
            float* logSumExp, float* deltas, float* dQ, float* scratch)
        {
            ref readonly var a = ref Arguments;
            var paddedKeys = scratch;
            var paddedValues = paddedKeys + Padded * KeyBlock;
            var dK = paddedValues + Padded * KeyBlock;
            var dV = dK + Padded * KeyBlock;
            var terms = dV + Padded * KeyBlock;
            var slopes = terms + KeyBlock * QueryBlock;

            var keyRow = (long)(a.KeyOffsets[document] + firstKey);
            var (strideK, strideV) = (a.StrideK, a.StrideV);
            var k = PadRows(a.K + keyRow * strideK + group * a.HeadSize, ref strideK, block.Keys, a.HeadSize, Padded, paddedKeys);
            var v = PadRows(a.V + keyRow * strideV + group * a.HeadSize, ref strideV, block.Keys, a.HeadSize, Padded, paddedValues);
            MultiplyBand(block, a.HeadSize, k, strideK, queriesT, terms);
            MultiplyBand(block, a.HeadSize, v, strideV, slopesT, slopes);
            AddBias(a, block, head, terms);
            HideScores(block, terms);
            Slopes(block, terms, slopes, logSumExp, deltas);
            if (BiasSums != null) AddBiasGradient(a, block, head, slopes, BiasSumsOf(document));

            for (var i = 0; i < block.Keys; i += S.KernelRows)
            {
                var (from, to) = block.QueriesOf(i, Math.Min(i + S.KernelRows, block.Keys));
                var row = i * QueryBlock + from;
                SmallProduct<S, V>.Strip(Padded, to - from, terms + row, QueryBlock, 1, dO + (long)from * strideO, strideO, dV + i * Padded, Padded, accumulate: false);
                SmallProduct<S, V>.Strip(Padded, to - from, slopes + row, QueryBlock, 1, q + (long)from * strideQ, strideQ, dK + i * Padded, Padded, accumulate: false);
            }

            for (var i = 0; i < block.Queries; i += S.KernelRows)
            {
                var (from, to) = block.KeysOf(i, Math.Min(i + S.KernelRows, block.Queries));
                SmallProduct<S, V>.Strip(Padded, to - from, slopes + from * QueryBlock + i, 1, QueryBlock, k + (long)from * strideK, strideK, dQ + i * Padded, Padded, accumulate: true);
            }

            for (var i = 0; i < block.Keys; i++)
            {
                AddTo(dK + i * Padded, Gradients.K + (keyRow + i) * Gradients.StrideK + group * a.HeadSize, a.HeadSize);
                AddTo(dV + i * Padded, Gradients.V + (keyRow + i) * Gradients.StrideV + group * a.HeadSize, a.HeadSize);
            }
        }

        /// <summary>From scores to P, and from dP to dS, in place, in the tiles that the band touches; both 0 where a score is minus infinity.</summary>
        private readonly void Slopes(in AttentionBand block, float* scores, float* slopes, float* logSumExp, float* deltas)
        {
            var scale = S.Create(Arguments.Scale);
            for (var q = 0; q < block.Queries; q += S.Width)
            {
                var (from, to) = KeyStrips(block, q);
                var minusLogarithm = S.Subtract(S.Zero, S.Load(logSumExp + q));
                var delta = S.Load(deltas + q);
                for (var k = from; k < to; k++)
                {
                    var i = k * QueryBlock + q;
                    var p = VectorMath<S, V>.Exp(S.MultiplyAdd(S.Load(scores + i), scale, minusLogarithm));
                    S.Store(p, scores + i);
                    S.Store(S.Multiply(S.Multiply(p, scale), S.Subtract(S.Load(slopes + i), delta)), slopes + i);
                }
            }
        }
    }
}
