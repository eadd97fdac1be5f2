namespace Coppice.Tensors;

/// <summary>
/// Where levels and scales of a quantised matrix lie. Rows go in groups of 16, one a lane, so that a product needs no sum across lanes and comes out the
/// same at every vector width. Of each group and block of 32 columns come 8 (int8) or 4 (int4) runs of 64 bytes: four columns of row 0, the same four of
/// row 1, and so on. In int4 the low half of a byte is a column of the block's first 16, the high half the column 16 further on. Levels are stored from 0:
/// the value is scale · (level - <see cref="Offset"/>). The scales of a group and block, 16 half-precision numbers, lie in a region of their own.
/// </summary>
internal static unsafe class QuantizedLayout
{
    public const int BlockColumns = 32;
    public const int GroupRows = 16;

    /// <summary>Bytes of a run: four columns of each row of a group.</summary>
    public const int RunBytes = 4 * GroupRows;

    /// <summary>What level stands for the value 0.</summary>
    public static int Offset(QuantizedType type) => type == QuantizedType.Int8 ? 128 : 8;

    /// <summary>Bytes of the levels of a group and block.</summary>
    public static int LevelBytes(QuantizedType type) => BlockColumns * GroupRows / (type == QuantizedType.Int8 ? 1 : 2);

    /// <summary>Bytes of a block of one row as ggml has it: the scale, then the levels.</summary>
    public static int BlockBytes(QuantizedType type) => sizeof(ushort) + BlockColumns / (type == QuantizedType.Int8 ? 1 : 2);

    public static int Blocks(int columns) => (columns + BlockColumns - 1) / BlockColumns;

    public static int Groups(int rows) => (rows + GroupRows - 1) / GroupRows;

    /// <summary>A weight: scale · (level - offset), rounded once.</summary>
    public static float Value(in QuantizedWeights weights, int row, int column) =>
        (float)Scale(weights, row, column / BlockColumns) * Level(weights, row, column);

    /// <summary>A weight without its scale: level - offset.</summary>
    public static int Level(in QuantizedWeights weights, int row, int column)
    {
        var (block, inBlock) = Math.DivRem(column, BlockColumns);
        var levels = weights.Levels + ((long)(row / GroupRows) * Blocks(weights.Columns) + block) * LevelBytes(weights.Type);
        var halves = weights.Type == QuantizedType.Int4;
        var stored = halves ? inBlock % (BlockColumns / 2) : inBlock;
        int value = levels[stored / 4 * RunBytes + row % GroupRows * 4 + stored % 4];
        if (halves) value = inBlock < BlockColumns / 2 ? value & 15 : value >> 4;
        return value - Offset(weights.Type);
    }

    /// <summary>The scale of a block of a row.</summary>
    public static Half Scale(in QuantizedWeights weights, int row, int block) =>
        BitConverter.UInt16BitsToHalf(weights.Scales[((long)(row / GroupRows) * Blocks(weights.Columns) + block) * GroupRows + row % GroupRows]);
}
