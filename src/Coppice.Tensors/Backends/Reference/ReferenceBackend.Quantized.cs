namespace Coppice.Tensors;

// Not in double precision: the definition says where what is rounded.
internal sealed unsafe partial class ReferenceBackend
{
    public override void Multiply(in QuantizedProduct product)
    {
        var blocks = QuantizedLayout.Blocks(product.K);
        var levels = new int[blocks * QuantizedLayout.BlockColumns];
        var scales = new float[blocks];
        var sums = new int[blocks];
        for (var i = 0; i < product.M; i++)
        {
            Array.Clear(sums);
            for (var block = 0; block < blocks; block++)
            {
                var first = block * QuantizedLayout.BlockColumns;
                var values = new ReadOnlySpan<float>(product.A + (long)i * product.K + first, Math.Min(QuantizedLayout.BlockColumns, product.K - first));
                var blockLevels = levels.AsSpan(first, QuantizedLayout.BlockColumns);
                scales[block] = Quantize(values, blockLevels);
                foreach (var level in blockLevels) sums[block] += level;
            }

            for (var j = 0; j < product.N; j++)
            {
                var index = (long)i * product.N + j;
                var y = 0f;
                for (var block = 0; block < blocks; block++)
                {
                    var sum = 0;
                    for (var k = block * QuantizedLayout.BlockColumns; k < Math.Min(product.K, (block + 1) * QuantizedLayout.BlockColumns); k++)
                        sum += levels[k] * QuantizedLayout.Level(product.Weights, j, k);
                    var scale = QuantizedLayout.Scale(product.Weights, j, block) * scales[block];
                    y += sum * scale;
                    if (product.Weights.Type == QuantizedType.Int8) continue;
                    var sumOfLevels = scales[block] * sums[block];
                    y += QuantizedLayout.Minimum(product.Weights, j, block) * sumOfLevels;
                }

                if (product.Bias != null) y += product.Bias[j];
                if (product.Residual != null) y += product.Residual[index];
                product.C[index] = y;
            }
        }
    }

    public override void Gather(int rows, int* ids, in QuantizedWeights table, float* y)
    {
        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < table.Columns; c++) y[(long)r * table.Columns + c] = QuantizedLayout.Value(table, ids[r], c);
        }
    }

    public override void Dequantize(int firstRow, int rows, in QuantizedWeights weights, float* y)
    {
        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < weights.Columns; c++) y[(long)r * weights.Columns + c] = QuantizedLayout.Value(weights, firstRow + r, c);
        }
    }

    /// <summary>Quantises a block.</summary>
    /// <returns>Its scale; not a number where a value is not finite.</returns>
    private static float Quantize(ReadOnlySpan<float> values, Span<int> levels)
    {
        levels.Clear();
        var largest = 0f;
        foreach (var value in values)
        {
            if (!float.IsFinite(value)) return float.NaN;
            largest = Math.Max(largest, Math.Abs(value));
        }

        if (largest < ActivationBlocks.Smallest) return 0;
        var inverse = ActivationBlocks.Levels / largest;
        for (var i = 0; i < values.Length; i++) levels[i] = (int)MathF.Round(values[i] * inverse, MidpointRounding.ToEven);
        return largest / ActivationBlocks.Levels;
    }
}
