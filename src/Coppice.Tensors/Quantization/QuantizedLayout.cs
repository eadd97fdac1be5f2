namespace Coppice.Tensors;

/// <summary>
/// Where levels and scales of a quantised matrix lie. Rows go in groups of 16, one a lane, so that a product needs no sum across lanes and comes out the
/// same at every vector width. Of each group and block of 32 columns come 8 (int8) or 4 (int4) runs of 64 bytes: four columns of row 0, the same four of
/// row 1, and so on. Int8 stores levels from 0, 128 above what they mean. In int4 the low half of a byte is a column of the block's first 16, the high half
/// the column 16 further on. The scales of a group and block, 16 half-precision numbers, lie in a region of their own; in int4 16 minima follow them.
/// </summary>
internal static unsafe class QuantizedLayout
{
    public const int BlockColumns = 32;
    public const int GroupRows = 16;

    /// <summary>Bytes of a run: four columns of each row of a group.</summary>
    public const int RunBytes = 4 * GroupRows;

    /// <summary>What is stored for the level 0 of int8.</summary>
    public const int ByteOffset = 128;

    /// <summary>Bytes of the levels of a group and block.</summary>
    public static int LevelBytes(QuantizedType type) => BlockColumns * GroupRows / (type == QuantizedType.Int8 ? 1 : 2);

    /// <summary>Half-precision numbers of a group and block.</summary>
    public static int Scales(QuantizedType type) => GroupRows * ScalesOfABlock(type);

    /// <summary>Half-precision numbers of a block of one row: the scale, and in int4 the minimum.</summary>
    public static int ScalesOfABlock(QuantizedType type) => type == QuantizedType.Int8 ? 1 : 2;

    /// <summary>Bytes of a block of one row as ggml has it: the half-precision numbers, then the levels.</summary>
    public static int BlockBytes(QuantizedType type) => sizeof(ushort) * ScalesOfABlock(type) + LevelBytes(type) / GroupRows;

    public static int Blocks(int columns) => (columns + BlockColumns - 1) / BlockColumns;

    public static int Groups(int rows) => (rows + GroupRows - 1) / GroupRows;

    /// <summary>A weight: scale · level, and in int4 plus the minimum, each operation rounded once.</summary>
    public static float Value(in QuantizedWeights weights, int row, int column)
    {
        var value = Scale(weights, row, column / BlockColumns) * Level(weights, row, column);
        return weights.Type == QuantizedType.Int8 ? value : value + Minimum(weights, row, column / BlockColumns);
    }

    /// <summary>A row: what <see cref="Value"/> gives for each of its columns, to the bit.</summary>
    /// <param name="weights">The matrix.</param>
    /// <param name="row">Which row.</param>
    /// <param name="y">[columns].</param>
    public static void Values(in QuantizedWeights weights, int row, float* y)
    {
        var (blocks, bytes) = (Blocks(weights.Columns), LevelBytes(weights.Type));
        var levels = weights.Levels + (long)(row / GroupRows) * blocks * bytes + row % GroupRows * 4;
        for (var block = 0; block < blocks; block++, levels += bytes, y += BlockColumns)
        {
            var count = Math.Min(BlockColumns, weights.Columns - block * BlockColumns);
            var scale = Scale(weights, row, block);
            if (weights.Type == QuantizedType.Int8)
            {
                for (var i = 0; i < count; i++) y[i] = scale * (levels[i / 4 * RunBytes + i % 4] - ByteOffset);
                continue;
            }

            var minimum = Minimum(weights, row, block);
            for (var i = 0; i < count; i++)
            {
                var stored = i % (BlockColumns / 2);
                int halves = levels[stored / 4 * RunBytes + stored % 4];
                var value = scale * (i == stored ? halves & 15 : halves >> 4);
                y[i] = value + minimum;
            }
        }
    }

    /// <summary>The level of a weight.</summary>
    public static int Level(in QuantizedWeights weights, int row, int column)
    {
        var (block, inBlock) = Math.DivRem(column, BlockColumns);
        var levels = weights.Levels + ((long)(row / GroupRows) * Blocks(weights.Columns) + block) * LevelBytes(weights.Type);
        var lane = row % GroupRows * 4;
        if (weights.Type == QuantizedType.Int8) return levels[inBlock / 4 * RunBytes + lane + inBlock % 4] - ByteOffset;
        var stored = inBlock % (BlockColumns / 2);
        int halves = levels[stored / 4 * RunBytes + lane + stored % 4];
        return inBlock == stored ? halves & 15 : halves >> 4;
    }

    /// <summary>The scale of a block of a row.</summary>
    public static float Scale(in QuantizedWeights weights, int row, int block) => (float)BitConverter.UInt16BitsToHalf(ScalesOf(weights, row, block)[0]);

    /// <summary>The minimum of a block of a row, in int4.</summary>
    public static float Minimum(in QuantizedWeights weights, int row, int block) => (float)BitConverter.UInt16BitsToHalf(ScalesOf(weights, row, block)[GroupRows]);

    private static ushort* ScalesOf(in QuantizedWeights weights, int row, int block) =>
        weights.Scales + ((long)(row / GroupRows) * Blocks(weights.Columns) + block) * Scales(weights.Type) + row % GroupRows;
}
