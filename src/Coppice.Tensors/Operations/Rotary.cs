using Coppice.Foundation;

namespace Coppice.Tensors;

/// <summary>Rows of a table of angles: those of the positions from 0 on.</summary>
/// <param name="Positions">How many.</param>
/// <param name="Frequencies">By how much each pair turns from a position to the next, in radians: [rotary size / 2].</param>
public readonly record struct RotaryRows(int Positions, double[] Frequencies);

/// <summary>The cosines and sines of all rotary angles up to a longest position.</summary>
public sealed class RotaryTable : IDisposable
{
    private readonly FlatBuffer _cosines;
    private readonly FlatBuffer _sines;

    /// <summary>Computes the table in double precision.</summary>
    /// <param name="backend">Whose memory it is.</param>
    /// <param name="positions">One more than the largest position.</param>
    /// <param name="rotarySize">How many leading elements of a head turn; even.</param>
    /// <param name="theta">The base of the frequencies; see <see cref="Frequencies"/>.</param>
    public RotaryTable(Backend backend, int positions, int rotarySize, double theta)
        : this(backend, [new RotaryRows(positions, Frequencies(theta, rotarySize))])
    {
    }

    /// <summary>Computes a table of several parts, one behind the other, in double precision.</summary>
    /// <param name="backend">Whose memory it is.</param>
    /// <param name="parts">Its rows; the same number of frequencies in each.</param>
    /// <param name="magnitude">What is turned is multiplied with this, and the gradient on its way back too.</param>
    public RotaryTable(Backend backend, IReadOnlyList<RotaryRows> parts, double magnitude = 1)
    {
        var half = parts[0].Frequencies.Length;
        (Positions, RotarySize) = (parts.Sum(part => part.Positions), 2 * half);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Positions, nameof(parts));
        var (cosines, sines) = (new float[half], new float[half]);
        _cosines = new FlatBuffer(backend, (long)Positions * half);
        _sines = new FlatBuffer(backend, (long)Positions * half);
        var row = 0L;
        foreach (var (positions, frequencies) in parts)
        {
            for (var position = 0; position < positions; position++, row++)
            {
                for (var i = 0; i < half; i++)
                {
                    var angle = position * frequencies[i];
                    cosines[i] = (float)(magnitude * Math.Cos(angle));
                    sines[i] = (float)(magnitude * Math.Sin(angle));
                }

                _cosines.CopyFrom(cosines, row * half);
                _sines.CopyFrom(sines, row * half);
            }
        }
    }

    /// <summary>The number of rows: one more than the largest position where all are of one part.</summary>
    public int Positions { get; }

    /// <summary>How many leading elements of a head turn.</summary>
    public int RotarySize { get; }

    /// <summary>The frequencies of the paper: pair i turns by theta^(-2i / rotarySize) from a position to the next.</summary>
    /// <param name="theta">Their base.</param>
    /// <param name="rotarySize">How many leading elements of a head turn; even.</param>
    /// <returns>[rotary size / 2].</returns>
    public static double[] Frequencies(double theta, int rotarySize)
    {
        if (rotarySize <= 0 || rotarySize % 2 != 0) throw new ArgumentOutOfRangeException(nameof(rotarySize), rotarySize, "An even number is needed.");
        return [.. Enumerable.Range(0, rotarySize / 2).Select(i => Math.Pow(theta, -2.0 * i / rotarySize))];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cosines.Dispose();
        _sines.Dispose();
    }

    internal unsafe float* Cosines => _cosines.Data;

    internal unsafe float* Sines => _sines.Data;
}

/// <summary>Rotary position embedding, half-split layout.</summary>
[Technique("rope", Title = "RoFormer: Enhanced Transformer with Rotary Position Embedding", Paper = "arXiv:2104.09864")]
public static unsafe class RotaryOperation
{
    /// <summary>Turns the heads of queries or keys by their positions. Works in place where it can: <paramref name="x"/> is used up unless it is kept.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[rows, heads · head size].</param>
    /// <param name="positions">[rows]; the caller has checked that each is in the table.</param>
    /// <param name="table">The angles.</param>
    /// <param name="heads">Number of heads.</param>
    /// <returns>[rows, heads · head size].</returns>
    public static Tensor Rotary(this Tape tape, Tensor x, IntTensor positions, RotaryTable table, int heads)
    {
        Require.That(x.Columns % heads == 0 && x.Columns / heads >= table.RotarySize && positions.Count == x.Rows, "rotary", x.Shape, new Shape(positions.Count, heads, table.RotarySize));
        var y = tape.TakeOver(x, x.RequiresGradient);
        if (y is null)
        {
            y = tape.NewTensor(x.Shape, x.RequiresGradient);
            tape.Backend.Copy(x.Data, y.Data, x.Count);
        }

        tape.Backend.Rotate(y.Rows, heads, y.Columns / heads, table.RotarySize, positions.Data, table.Cosines, table.Sines, inverse: false, y.Data, y.Columns);
        if (!y.RequiresGradient) return y;
        var operation = tape.Rent<Recorded>();
        (operation.X, operation.Positions, operation.Table, operation.Heads) = (x, positions, table, heads);
        tape.Record(operation, y);
        return y;
    }

    /// <summary>Turns the keys of a cache that keeps them before their turn. Nothing is recorded: caches are for generation.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="cache">The cache, with <see cref="KeyValueCache.TurnsOnRead"/>.</param>
    /// <param name="layer">Which layer.</param>
    /// <param name="places">[tokens of the slot, those just written included]: their places; the caller has checked that each is in the table.</param>
    /// <param name="table">The angles.</param>
    /// <param name="heads">Number of key/value heads.</param>
    /// <param name="ahead">How many of the places are those of rows ahead of the tokens.</param>
    /// <returns>As <see cref="KeyValueCache.Keys"/>; valid until the next call for this cache.</returns>
    public static Tensor RotaryKeys(this Tape tape, KeyValueCache cache, int layer, IntTensor places, RotaryTable table, int heads, int ahead = 0)
    {
        var (keys, turned) = cache.KeysToTurn(layer);
        var first = (long)(cache.RowOf(0) - ahead) * cache.Width;
        tape.Backend.Copy(keys.Data + first, turned.Data + first, (long)places.Count * cache.Width);
        tape.Backend.Rotate(places.Count, heads, cache.Width / heads, table.RotarySize, places.Data, table.Cosines, table.Sines, inverse: false, turned.Data + first, cache.Width);
        return turned;
    }

    private sealed class Recorded : Operation
    {
        public Tensor? X { get; set; }

        public IntTensor? Positions { get; set; }

        public RotaryTable? Table { get; set; }

        public int Heads { get; set; }

        internal override void Backward(Tape tape)
        {
            var y = Output;
            var turned = y.Gradient;
            if (y.Kept)
            {
                turned = tape.NewFloats(y.Count);
                tape.Backend.Copy(y.Gradient, turned, y.Count);
            }
            else
            {
                y.Gradient = null;
            }

            tape.Backend.Rotate(y.Rows, Heads, y.Columns / Heads, Table!.RotarySize, Positions!.Data, Table.Cosines, Table.Sines, inverse: true, turned, y.Columns);
            tape.HandOn(tape.NewCarrier(y.Shape, turned), X!);
        }

        internal override void Clear() => (X, Positions, Table) = (null, null, null);
    }
}
