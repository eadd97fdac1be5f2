namespace Coppice.Tensors;

/// <summary>
/// The keys and values of the tokens of sequences so far, in every layer, so that generation computes only the new ones. It has slots, one a
/// sequence; a sequence that is alone has the slot 0.
/// </summary>
public sealed unsafe class KeyValueCache : IDisposable
{
    private readonly FlatBuffer _buffer;
    private readonly Tensor[] _keys;
    private readonly Tensor[] _values;
    private readonly int[] _lengths;

    /// <summary>Allocates an empty cache.</summary>
    /// <param name="backend">Whose memory it is.</param>
    /// <param name="layers">Number of layers.</param>
    /// <param name="capacity">The longest sequence.</param>
    /// <param name="width">Key/value heads times head size.</param>
    /// <param name="slots">The most sequences at a time; 0 where none is continued.</param>
    public KeyValueCache(Backend backend, int layers, int capacity, int width, int slots = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(slots);
        // Rows of all slots are numbered together, by 32-bit integers in the layout of attention.
        _ = checked(slots * capacity);
        (Capacity, Width) = (capacity, width);
        _lengths = new int[slots];
        _buffer = new FlatBuffer(backend, 2L * layers * slots * capacity * width);
        _keys = new Tensor[layers];
        _values = new Tensor[layers];
        for (var layer = 0; layer < layers; layer++)
        {
            _keys[layer] = View(2 * layer);
            _values[layer] = View(2 * layer + 1);
        }
    }

    /// <summary>The most sequences at a time.</summary>
    public int Slots => _lengths.Length;

    /// <summary>The longest sequence.</summary>
    public int Capacity { get; }

    /// <summary>Key/value heads times head size.</summary>
    public int Width { get; }

    /// <summary>The number of tokens of the first slot whose keys and values are complete.</summary>
    public int Length => _lengths[0];

    /// <summary>The bytes that one slot of a cache takes.</summary>
    /// <param name="layers">Number of layers.</param>
    /// <param name="capacity">The longest sequence.</param>
    /// <param name="width">Key/value heads times head size.</param>
    public static long BytesPerSlot(int layers, int capacity, int width) => 2L * layers * capacity * width * sizeof(float);

    /// <summary>The number of tokens of a slot whose keys and values are complete.</summary>
    /// <param name="slot">Which slot.</param>
    public int LengthOf(int slot) => _lengths[slot];

    /// <summary>The first row of a slot in the keys and values of every layer.</summary>
    /// <param name="slot">Which slot.</param>
    public int RowOf(int slot) => slot * Capacity;

    /// <summary>
    /// The keys of a layer: [slots · capacity, width]. Of each slot's rows the first <see cref="LengthOf"/> (and those just written) mean something.
    /// </summary>
    /// <param name="layer">Which layer.</param>
    public Tensor Keys(int layer) => _keys[layer];

    /// <summary>The values of a layer, as the keys.</summary>
    /// <param name="layer">Which layer.</param>
    public Tensor Values(int layer) => _values[layer];

    /// <summary>Writes keys and values of new tokens behind the complete ones of their slots.</summary>
    /// <param name="layer">Which layer.</param>
    /// <param name="runs">Whose tokens they are, in the order of the rows.</param>
    /// <param name="keys">[new tokens, any columns].</param>
    /// <param name="keyColumn">Where the keys begin in a row.</param>
    /// <param name="values">[new tokens, any columns].</param>
    /// <param name="valueColumn">Where the values begin in a row.</param>
    public void Write(int layer, ReadOnlySpan<CacheRun> runs, Tensor keys, int keyColumn, Tensor values, int valueColumn)
    {
        Require.That(keyColumn + Width <= keys.Columns && valueColumn + Width <= values.Columns && keys.Rows == values.Rows, "cache", keys.Shape, values.Shape);
        var row = 0;
        foreach (var run in runs)
        {
            Require.That(LengthOf(run.Slot) + run.Tokens <= Capacity && row + run.Tokens <= keys.Rows, "cache", keys.Shape, new Shape(Capacity, Width));
            var to = (long)(RowOf(run.Slot) + LengthOf(run.Slot)) * Width;
            CopyRows(run.Tokens, keys, row, keyColumn, _keys[layer].Data + to);
            CopyRows(run.Tokens, values, row, valueColumn, _values[layer].Data + to);
            row += run.Tokens;
        }
    }

    /// <summary>Counts tokens that every layer has written as complete.</summary>
    /// <param name="tokens">How many.</param>
    /// <param name="slot">Of which slot.</param>
    public void Advance(int tokens, int slot = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tokens, Capacity - _lengths[slot]);
        _lengths[slot] += tokens;
    }

    /// <summary>Forgets all tokens of a slot but the first ones.</summary>
    /// <param name="length">How many stay.</param>
    /// <param name="slot">Which slot.</param>
    public void Truncate(int length, int slot = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, _lengths[slot]);
        _lengths[slot] = length;
    }

    /// <summary>Begins a slot with the first tokens of a sequence, in this cache or in another one of the same model; what it held is forgotten.</summary>
    /// <param name="slot">The slot that begins anew; another than the one that is read.</param>
    /// <param name="from">The cache that holds the tokens.</param>
    /// <param name="fromSlot">Their slot.</param>
    /// <param name="length">How many tokens.</param>
    public void CopyFirst(int slot, KeyValueCache from, int fromSlot, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Math.Min(Capacity, from.LengthOf(fromSlot)));
        for (var layer = 0; layer < _keys.Length; layer++)
        {
            CopyRows(length, from.Keys(layer), from.RowOf(fromSlot), 0, _keys[layer].Data + (long)RowOf(slot) * Width);
            CopyRows(length, from.Values(layer), from.RowOf(fromSlot), 0, _values[layer].Data + (long)RowOf(slot) * Width);
        }

        _lengths[slot] = length;
    }

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();

    private void CopyRows(int rows, Tensor source, int row, int column, float* destination) =>
        _buffer.Backend.CopyMatrix(rows, Width, source.Data + (long)row * source.Columns + column, source.Columns, destination, Width, accumulate: false);

    private Tensor View(int index) => new(_buffer.Backend)
    {
        Shape = new Shape(Slots * Capacity, Width),
        Data = _buffer.Data + (long)index * Slots * Capacity * Width,
        Kept = true,
    };
}
