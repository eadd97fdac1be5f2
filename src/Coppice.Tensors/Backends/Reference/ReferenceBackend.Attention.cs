namespace Coppice.Tensors;

internal sealed unsafe partial class ReferenceBackend
{
    public override void Attention(in AttentionArguments arguments)
    {
        for (var d = 0; d < arguments.Documents; d++)
        {
            for (var h = 0; h < arguments.Heads; h++)
            {
                var head = new AttentionHead(arguments, d, h);
                for (var i = 0; i < head.Queries; i++)
                {
                    var output = arguments.Output + (long)(head.FirstQuery + i) * arguments.StrideOutput + (long)h * arguments.HeadSize;
                    for (var c = 0; c < arguments.HeadSize; c++)
                    {
                        double sum = 0;
                        for (var j = 0; j < head.Keys; j++) sum += head.Probabilities[i, j] * head.Value(arguments, j)[c];
                        output[c] = (float)sum;
                    }

                    if (arguments.LogSumExp != null) arguments.LogSumExp[(long)(head.FirstQuery + i) * arguments.Heads + h] = (float)head.LogSumExps[i];
                }
            }
        }
    }

    public override void AttentionBackward(in AttentionArguments arguments, in AttentionGradients gradients)
    {
        var size = arguments.HeadSize;
        for (var d = 0; d < arguments.Documents; d++)
        {
            ClearGradients(arguments, gradients, d);
            for (var h = 0; h < arguments.Heads; h++)
            {
                var head = new AttentionHead(arguments, d, h);
                var scoreGradients = new double[head.Queries, head.Keys];
                for (var i = 0; i < head.Queries; i++)
                {
                    // dP = dO · V; dS = P (dP - Σ P dP), the gradient of a softmax.
                    var output = gradients.Output + (long)(head.FirstQuery + i) * arguments.StrideOutput + (long)h * size;
                    double mean = 0;
                    for (var j = 0; j < head.Keys; j++)
                    {
                        scoreGradients[i, j] = Dot(output, head.Value(arguments, j), size);
                        mean += head.Probabilities[i, j] * scoreGradients[i, j];
                    }

                    for (var j = 0; j < head.Keys; j++) scoreGradients[i, j] = head.Probabilities[i, j] * (scoreGradients[i, j] - mean);
                }

                for (var c = 0; c < size; c++)
                {
                    for (var i = 0; i < head.Queries; i++)
                    {
                        double sum = 0;
                        for (var j = 0; j < head.Keys; j++) sum += scoreGradients[i, j] * head.Key(arguments, j)[c];
                        gradients.Q[(long)(head.FirstQuery + i) * gradients.StrideQ + (long)h * size + c] = (float)(sum * arguments.Scale);
                    }

                    for (var j = 0; j < head.Keys; j++)
                    {
                        double keySum = 0, valueSum = 0;
                        for (var i = 0; i < head.Queries; i++)
                        {
                            keySum += scoreGradients[i, j] * head.Query(arguments, i)[c];
                            valueSum += head.Probabilities[i, j] * gradients.Output[(long)(head.FirstQuery + i) * arguments.StrideOutput + (long)h * size + c];
                        }

                        // Added: the query heads of a group share their keys and values.
                        gradients.K[(long)(head.FirstKey + j) * gradients.StrideK + (long)head.KeyValueHead * size + c] += (float)(keySum * arguments.Scale);
                        gradients.V[(long)(head.FirstKey + j) * gradients.StrideV + (long)head.KeyValueHead * size + c] += (float)valueSum;
                    }
                }
            }
        }
    }

    private void ClearGradients(in AttentionArguments arguments, in AttentionGradients gradients, int document)
    {
        var width = arguments.KeyValueHeads * arguments.HeadSize;
        for (var j = 0; j < arguments.KeyLengths[document]; j++)
        {
            Zero(gradients.K + (long)(arguments.KeyOffsets[document] + j) * gradients.StrideK, width);
            Zero(gradients.V + (long)(arguments.KeyOffsets[document] + j) * gradients.StrideV, width);
        }
    }

    private static double Dot(float* a, float* b, int count)
    {
        double sum = 0;
        for (var i = 0; i < count; i++) sum += (double)a[i] * b[i];
        return sum;
    }

    /// <summary>One query head of one document: the probability of each key for each query, 0 where a query does not see a key.</summary>
    private readonly struct AttentionHead
    {
        private readonly int _head;

        public AttentionHead(in AttentionArguments arguments, int document, int head)
        {
            _head = head;
            KeyValueHead = head / (arguments.Heads / arguments.KeyValueHeads);
            FirstQuery = arguments.QueryOffsets[document];
            Queries = arguments.QueryOffsets[document + 1] - FirstQuery;
            FirstKey = arguments.KeyOffsets[document];
            Keys = arguments.KeyLengths[document];
            Probabilities = new double[Queries, Keys];
            LogSumExps = new double[Queries];
            for (var i = 0; i < Queries; i++) FillRow(arguments, i);
        }

        public int KeyValueHead { get; }

        public int FirstQuery { get; }

        public int Queries { get; }

        public int FirstKey { get; }

        public int Keys { get; }

        public double[,] Probabilities { get; }

        /// <summary>The logarithm of each query's softmax denominator: minus infinity where it sees no key.</summary>
        public double[] LogSumExps { get; }

        public float* Query(in AttentionArguments arguments, int i) =>
            arguments.Q + (long)(FirstQuery + i) * arguments.StrideQ + (long)_head * arguments.HeadSize;

        public float* Key(in AttentionArguments arguments, int j) =>
            arguments.K + (long)(FirstKey + j) * arguments.StrideK + (long)KeyValueHead * arguments.HeadSize;

        public float* Value(in AttentionArguments arguments, int j) =>
            arguments.V + (long)(FirstKey + j) * arguments.StrideV + (long)KeyValueHead * arguments.HeadSize;

        private bool Sees(in AttentionArguments arguments, int i, int j)
        {
            if (!arguments.Causal) return true;
            var latest = i + Keys - Queries;
            return j <= latest && (arguments.Window == 0 || j > latest - arguments.Window);
        }

        private void FillRow(in AttentionArguments arguments, int i)
        {
            var scores = new double[Keys];
            var largest = double.NegativeInfinity;
            for (var j = 0; j < Keys; j++)
            {
                scores[j] = Sees(arguments, i, j) ? Dot(Query(arguments, i), Key(arguments, j), arguments.HeadSize) * arguments.Scale : double.NegativeInfinity;
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
