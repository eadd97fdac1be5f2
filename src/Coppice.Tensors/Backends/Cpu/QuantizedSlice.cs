namespace Coppice.Tensors;

/// <summary>As many rows of a quantised matrix as a vector has lanes, within one group.</summary>
/// <param name="levels">Their levels of a block; those of the next block follow at the group's distance.</param>
/// <param name="scales">Their scales of that block.</param>
internal readonly unsafe struct QuantizedSlice(byte* levels, ushort* scales)
{
    public byte* Levels { get; } = levels;

    public ushort* Scales { get; } = scales;

    /// <summary>A slice of a matrix.</summary>
    /// <param name="weights">The matrix.</param>
    /// <param name="row">The first row: a multiple of the number of lanes.</param>
    /// <param name="block">The first block.</param>
    public static QuantizedSlice Of(in QuantizedWeights weights, int row, int block)
    {
        var at = (long)(row / QuantizedLayout.GroupRows) * QuantizedLayout.Blocks(weights.Columns) + block;
        var lane = row % QuantizedLayout.GroupRows;
        return new QuantizedSlice(weights.Levels + at * QuantizedLayout.LevelBytes(weights.Type) + 4 * lane, weights.Scales + at * QuantizedLayout.Scales(weights.Type) + lane);
    }
}
