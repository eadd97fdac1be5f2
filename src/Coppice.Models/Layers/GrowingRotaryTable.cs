using System.Numerics;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>A table of rotary angles that grows as longer sequences come: models allow for positions that most runs never reach.</summary>
/// <param name="backend">Whose memory it is.</param>
/// <param name="configuration">The model's sizes.</param>
/// <param name="rotarySize">How many leading values of a head turn.</param>
/// <param name="theta">Base of the frequencies.</param>
/// <param name="scaling">How positions were stretched; null where they weren't.</param>
public sealed class GrowingRotaryTable(Backend backend, ModelConfiguration configuration, int rotarySize, double theta, RotaryScaling? scaling) : IDisposable
{
    private RotaryTable? _table;

    /// <summary>A table that has a row.</summary>
    /// <param name="lastRow">The row.</param>
    public RotaryTable For(int lastRow)
    {
        if (_table is null || _table.Positions <= lastRow)
        {
            var most = configuration.FirstPositionOf(configuration.MaxPositions) + configuration.MaxPositions;
            var rows = Math.Max((int)Math.Min(most, BitOperations.RoundUpToPowerOf2((uint)lastRow + 1)), lastRow + 1);
            _table = scaling is null ? new RotaryTable(backend, rows, rotarySize, theta) : new RotaryTable(backend, scaling.Rows(theta, rotarySize, rows), scaling.Magnitude);
        }

        return _table;
    }

    /// <inheritdoc/>
    public void Dispose() => _table?.Dispose();
}
