namespace Coppice.Tensors;

internal sealed unsafe partial class ReferenceBackend
{
    public override void Attention(in AttentionArguments arguments)
    {
        var size = arguments.HeadSize;
        for (var d = 0; d < arguments.Documents; d++)
        {
            for (var h = 0; h < arguments.Heads; h++)
            {
                var head = new AttentionHead(arguments, d, h);
                for (var i = 0; i < head.Queries; i++)
                {
                    var sums = new double[size];
                    for (var j = 0; j < head.Keys; j++) AddScaled(head.Probabilities[i, j], head.Value(arguments, j), sums);
                    Store(sums, arguments.Output + head.QueryOffset(i, arguments.StrideOutput, size), accumulate: false);
                    if (arguments.LogSumExp != null) arguments.LogSumExp[head.QueryOffset(i, arguments.Heads, 1)] = (float)head.LogSumExps[i];
                }
            }
        }
    }

    public override void AttentionBackward(in AttentionArguments arguments, in AttentionGradients gradients)
    {
        var size = arguments.HeadSize;
        for (var d = 0; d < arguments.Documents; d++)
        {
            for (var h = 0; h < arguments.Heads; h++)
            {
                var head = new AttentionHead(arguments, d, h);
                var scoreGradients = ScoreGradients(arguments, gradients, head);
                if (gradients.Bias != null) AddBiasGradients(arguments, gradients.Bias, head, h, scoreGradients);
                for (var i = 0; i < head.Queries; i++)
                {
                    var sums = new double[size];
                    for (var j = 0; j < head.Keys; j++) AddScaled(scoreGradients[i, j] * arguments.Scale, head.Key(arguments, j), sums);
                    Store(sums, gradients.Q + head.QueryOffset(i, gradients.StrideQ, size), accumulate: false);
                }

                // The query heads of a group share their keys and values: the first overwrites, the others add.
                var accumulate = h % (arguments.Heads / arguments.KeyValueHeads) != 0;
                for (var j = 0; j < head.Keys; j++)
                {
                    var (keySums, valueSums) = (new double[size], new double[size]);
                    for (var i = 0; i < head.Queries; i++)
                    {
                        AddScaled(scoreGradients[i, j] * arguments.Scale, head.Query(arguments, i), keySums);
                        AddScaled(head.Probabilities[i, j], gradients.Output + head.QueryOffset(i, arguments.StrideOutput, size), valueSums);
                    }

                    Store(keySums, gradients.K + head.KeyOffset(j, gradients.StrideK, size), accumulate);
                    Store(valueSums, gradients.V + head.KeyOffset(j, gradients.StrideV, size), accumulate);
                }
            }
        }
    }

    /// <summary>The gradient of a distance's bias: the sum of those of the scores that it was added to.</summary>
    private static void AddBiasGradients(in AttentionArguments arguments, float* gradient, in AttentionHead head, int h, double[,] scoreGradients)
    {
        var sums = new double[(2 * arguments.BiasRadius + 1) * arguments.Heads];
        for (var i = 0; i < head.Queries; i++)
        {
            for (var j = 0; j < head.Keys; j++) sums[arguments.BiasPlace(head.Distance(i, j), h)] += scoreGradients[i, j];
        }

        for (var i = 0; i < sums.Length; i++) gradient[i] += (float)sums[i];
    }

    /// <summary>dS = P (dP - Σ P dP) with dP = dO · V: the gradient of a softmax.</summary>
    private static double[,] ScoreGradients(in AttentionArguments arguments, in AttentionGradients gradients, in AttentionHead head)
    {
        var result = new double[head.Queries, head.Keys];
        for (var i = 0; i < head.Queries; i++)
        {
            var output = gradients.Output + head.QueryOffset(i, arguments.StrideOutput, arguments.HeadSize);
            double mean = 0;
            for (var j = 0; j < head.Keys; j++)
            {
                result[i, j] = Dot(output, head.Value(arguments, j), arguments.HeadSize);
                mean += head.Probabilities[i, j] * result[i, j];
            }

            for (var j = 0; j < head.Keys; j++) result[i, j] = head.Probabilities[i, j] * (result[i, j] - mean);
        }

        return result;
    }

    private static double Dot(float* a, float* b, int count)
    {
        double sum = 0;
        for (var i = 0; i < count; i++) sum += (double)a[i] * b[i];
        return sum;
    }

    private static void AddScaled(double factor, float* vector, double[] sums)
    {
        for (var c = 0; c < sums.Length; c++) sums[c] += factor * vector[c];
    }

    private static void Store(double[] values, float* destination, bool accumulate)
    {
        for (var c = 0; c < values.Length; c++) Write(ref destination[c], values[c], accumulate);
    }

    /// <summary>One query head of one document: the probability of each key for each query, 0 where a query does not see a key.</summary>
    private readonly struct AttentionHead
    {
        private readonly int _head;

        private readonly int _keyValueHead;
        private readonly int _firstQuery;
        private readonly int _firstKey;

        public AttentionHead(in AttentionArguments arguments, int document, int head)
        {
            _head = head;
            _keyValueHead = head / (arguments.Heads / arguments.KeyValueHeads);
            _firstQuery = arguments.QueryOffsets[document];
            _firstKey = arguments.KeyOffsets[document];
            Queries = arguments.QueryOffsets[document + 1] - _firstQuery;
            Keys = arguments.KeyLengths[document];
            Probabilities = new double[Queries, Keys];
            LogSumExps = new double[Queries];
            for (var i = 0; i < Queries; i++) FillRow(arguments, i);
        }

        public int Queries { get; }

        public int Keys { get; }

        public double[,] Probabilities { get; }

        /// <summary>The logarithm of each query's softmax denominator: minus infinity where it sees no key.</summary>
        public double[] LogSumExps { get; }

        /// <summary>Where what belongs to a query of the document lies in a matrix of queries, outputs or their like.</summary>
        public long QueryOffset(int i, int stride, int size) => (long)(_firstQuery + i) * stride + (long)_head * size;

        /// <summary>Where what belongs to a key of the document lies in a matrix of keys, values or their like.</summary>
        public long KeyOffset(int j, int stride, int size) => (long)(_firstKey + j) * stride + (long)_keyValueHead * size;

        public float* Query(in AttentionArguments arguments, int i) => arguments.Q + QueryOffset(i, arguments.StrideQ, arguments.HeadSize);

        public float* Key(in AttentionArguments arguments, int j) => arguments.K + KeyOffset(j, arguments.StrideK, arguments.HeadSize);

        public float* Value(in AttentionArguments arguments, int j) => arguments.V + KeyOffset(j, arguments.StrideV, arguments.HeadSize);

        /// <summary>How far a key is from a query.</summary>
        public int Distance(int i, int j) => j - (i + Keys - Queries);

        private bool Sees(in AttentionArguments arguments, int i, int j)
        {
            if (!arguments.Causal) return true;
            if (arguments.Parents != null) return SeesInTree(arguments, i, j);
            var latest = i + Keys - Queries;
            return j <= latest && (arguments.Window == 0 || j > latest - arguments.Window);
        }

        private bool SeesInTree(in AttentionArguments arguments, int i, int j)
        {
            // The tokens on the way to the tree's first query, and then those of the sequence before it, one by one.
            var (prefix, at, distance) = (Keys - Queries, i, 0);
            while (at >= 0 && prefix + at != j) (at, distance) = (arguments.Parents[_firstQuery + at], distance + 1);
            if (at < 0 && j >= prefix) return false;
            if (at < 0) distance += prefix - 1 - j;
            return arguments.Window == 0 || distance < arguments.Window;
        }

        private void FillRow(in AttentionArguments arguments, int i)
        {
            var scores = new double[Keys];
            var largest = double.NegativeInfinity;
            for (var j = 0; j < Keys; j++)
            {
                var bias = arguments.Bias == null ? 0 : arguments.Bias[arguments.BiasPlace(Distance(i, j), _head)];
                scores[j] = Sees(arguments, i, j) ? Dot(Query(arguments, i), Key(arguments, j), arguments.HeadSize) * arguments.Scale + bias : double.NegativeInfinity;
                largest = Math.Max(largest, scores[j]);
            }

            LogSumExps[i] = double.NegativeInfinity;
            if (double.IsNegativeInfinity(largest)) return;
            double sum = 0;
            for (var j = 0; j < Keys; j++) sum += Math.Exp(scores[j] - largest);
            LogSumExps[i] = largest + Math.Log(sum);
            for (var j = 0; j < Keys; j++) Probabilities[i, j] = Math.Exp(scores[j] - LogSumExps[i]);
        }
    }
}
