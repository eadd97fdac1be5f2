namespace Coppice.Tensors;

// A bias by distance in the scores of attention. In a block of scores, [keys, queries], it is the same along each diagonal: a window of as many values
// as the block has diagonals, which each row sees from another place on. The kernels scale scores after it was added, so it is divided by the scale.
internal sealed unsafe partial class CpuBackend<S, V>
{
    private const int Diagonals = KeyBlock + QueryBlock - 1;

    /// <summary>How far key k of a block is from query q, by its diagonal q - k + KeyBlock - 1.</summary>
    private static int DistanceOf(int diagonal, in AttentionBand block) => KeyBlock - 1 - diagonal - block.Shift;

    /// <summary>scores[k, q] += bias of their distance / scale.</summary>
    private static void AddBias(in AttentionArguments a, in AttentionBand block, int head, float* scores)
    {
        if (a.Bias == null) return;
        var window = stackalloc float[Diagonals];
        for (var i = 0; i < Diagonals; i++) window[i] = a.Bias[a.BiasPlace(DistanceOf(i, block), head)] / a.Scale;
        for (var k = 0; k < block.Keys; k++) AddTo(window + KeyBlock - 1 - k, scores + k * QueryBlock, block.Queries);
    }

    /// <summary>The same for the scores of one query, whose first key is so far from it.</summary>
    private static void AddBias(in AttentionArguments a, int distance, int count, int head, float* scores)
    {
        if (a.Bias == null) return;
        for (var j = 0; j < count; j++) scores[j] += a.Bias[a.BiasPlace(distance + j, head)] / a.Scale;
    }

    /// <summary>sums[bias of a distance] += Σ slopes[k, q] / scale of the scores that it was added to; slopes are those of scores before the scale.</summary>
    private static void AddBiasGradient(in AttentionArguments a, in AttentionBand block, int head, float* slopes, float* sums)
    {
        var window = stackalloc float[Diagonals];
        new Span<float>(window, Diagonals).Clear();
        for (var k = 0; k < block.Keys; k++)
        {
            var (from, to) = block.QueriesOf(k, k + 1);
            AddTo(slopes + k * QueryBlock + from, window + KeyBlock - 1 - k + from, to - from);
        }

        for (var i = 0; i < Diagonals; i++) sums[a.BiasPlace(DistanceOf(i, block), head)] += window[i] / a.Scale;
    }
}
