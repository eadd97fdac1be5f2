using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>A table of rotary angles that grows as longer sequences come: models allow for positions that most runs never reach.</summary>
/// <param name="backend">Whose memory it is.</param>
/// <param name="maxPositions">The longest sequence.</param>
/// <param name="rotarySize">How many leading values of a head turn.</param>
/// <param name="theta">Base of the frequencies.</param>
public sealed class GrowingRotaryTable(Backend backend, int maxPositions, int rotarySize, double theta) : IDisposable
{
    private RotaryTable? _table;

    /// <summary>A table that has a position.</summary>
    /// <param name="lastPosition">The position.</param>
    public RotaryTable For(int lastPosition)
    {
        if (_table is null || _table.Positions <= lastPosition)
        {
            var positions = (int)Math.Min(maxPositions, System.Numerics.BitOperations.RoundUpToPowerOf2((uint)lastPosition + 1));
            _table = new RotaryTable(backend, Math.Max(positions, lastPosition + 1), rotarySize, theta);
        }

        return _table;
    }

    /// <inheritdoc/>
    public void Dispose() => _table?.Dispose();
}
