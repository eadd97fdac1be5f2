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
    private readonly Tensor? _turned;
    private readonly int[] _starts;
    private readonly int[] _lengths;

    /// <summary>Allocates an empty cache.</summary>
    /// <param name="backend">Whose memory it is.</param>
    /// <param name="layers">Number of layers.</param>
    /// <param name="capacity">The longest sequence.</param>
    /// <param name="width">Key/value heads times head size.</param>
    /// <param name="slots">The most sequences at a time; 0 where none is continued.</param>
    /// <param name="turnsOnRead">See <see cref="TurnsOnRead"/>; for one slot.</param>
    /// <param name="rowsAhead">See <see cref="RowsAhead"/>.</param>
    /// <param name="sideLayers">Layers of a network beside the model, numbered behind the model's.</param>
    /// <param name="sideWidth">Their width.</param>
    public KeyValueCache(Backend backend, int layers, int capacity, int width, int slots = 1, bool turnsOnRead = false, int rowsAhead = 0, int sideLayers = 0, int sideWidth = 0)
    {
        if (turnsOnRead && slots != 1) throw new ArgumentException($"Keys that are turned as they are read have one slot, not {slots}.", nameof(slots));
        ArgumentOutOfRangeException.ThrowIfNegative(slots);
        // Rows of all slots are numbered together, by 32-bit integers in the layout of attention.
        _ = checked(slots * (capacity + rowsAhead));
        (Capacity, Width, RowsAhead) = (capacity, width, rowsAhead);
        (_starts, _lengths) = (new int[slots], new int[slots]);
        var rows = (long)slots * (capacity + rowsAhead);
        _buffer = new FlatBuffer(backend, rows * (2L * layers * width + 2L * sideLayers * sideWidth + (turnsOnRead ? width : 0)));
        _keys = new Tensor[layers + sideLayers];
        _values = new Tensor[layers + sideLayers];
        var offset = 0L;
        for (var layer = 0; layer < _keys.Length; layer++)
        {
            _keys[layer] = View(layer < layers ? width : sideWidth, ref offset);
            _values[layer] = View(layer < layers ? width : sideWidth, ref offset);
        }

        if (turnsOnRead) _turned = View(width, ref offset);
    }

    /// <summary>Number of layers, those of a network beside the model included.</summary>
    public int Layers => _keys.Length;

    /// <summary>The most sequences at a time.</summary>
    public int Slots => _lengths.Length;

    /// <summary>The longest sequence.</summary>
    public int Capacity { get; }

    /// <summary>Key/value heads times head size, in the model's own layers.</summary>
    public int Width { get; }

    /// <summary>How many rows each slot has ahead of its first token for what stands in front of every sequence and is no token. No length or capacity counts them.</summary>
    public int RowsAhead { get; }

    /// <summary>
    /// Whether keys are kept as they are before rotary positions, and turned as they are read by their places among the kept tokens: so tokens can be
    /// forgotten between others.
    /// </summary>
    public bool TurnsOnRead => _turned is not null;

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

    /// <summary>The row of a slot's first token in the keys and values of every layer.</summary>
    /// <param name="slot">Which slot.</param>
    public int RowOf(int slot) => slot * (Capacity + RowsAhead) + RowsAhead + _starts[slot];

    /// <summary>How many tokens more a slot has room for.</summary>
    /// <param name="slot">Which slot.</param>
    public int RoomOf(int slot) => Capacity - _starts[slot] - _lengths[slot];

    /// <summary>
    /// The keys of a layer: [slots · (capacity + rows ahead), width]. From each slot's <see cref="RowOf"/> on, <see cref="LengthOf"/> rows (and those just written) mean something.
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
        var width = _keys[layer].Columns;
        Require.That(keyColumn + width <= keys.Columns && valueColumn + width <= values.Columns && keys.Rows == values.Rows, "cache", keys.Shape, values.Shape);
        var row = 0;
        foreach (var run in runs)
        {
            var rows = run.Ahead + run.Tokens;
            Require.That(run.Tokens <= RoomOf(run.Slot) && run.Ahead <= RowsAhead && row + rows <= keys.Rows, "cache", keys.Shape, new Shape(Capacity, Width));
            var to = (long)(RowOf(run.Slot) + LengthOf(run.Slot) - run.Ahead) * width;
            CopyRows(rows, width, keys, row, keyColumn, _keys[layer].Data + to);
            CopyRows(rows, width, values, row, valueColumn, _values[layer].Data + to);
            row += rows;
        }
    }

    /// <summary>Counts tokens that every layer has written as complete.</summary>
    /// <param name="tokens">How many.</param>
    /// <param name="slot">Of which slot.</param>
    public void Advance(int tokens, int slot = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tokens, RoomOf(slot));
        _lengths[slot] += tokens;
    }

    /// <summary>Forgets all tokens of a slot but the first ones.</summary>
    /// <param name="length">How many stay.</param>
    /// <param name="slot">Which slot.</param>
    public void Truncate(int length, int slot = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, _lengths[slot]);
        _lengths[slot] = length;
        if (length == 0) _starts[slot] = 0;
    }

    /// <summary>Forgets all tokens of a slot behind its first ones but some. Those that stay are numbered without gaps.</summary>
    /// <param name="first">How many tokens at the beginning stay.</param>
    /// <param name="rows">Which of those behind them stay, the first of them being 0, in ascending order.</param>
    /// <param name="slot">Which slot.</param>
    public void Keep(int first, ReadOnlySpan<int> rows, int slot = 0)
    {
        var last = -1;
        for (var i = 0; i < rows.Length; i++)
        {
            if (rows[i] <= last || first + rows[i] >= _lengths[slot]) throw new ArgumentException($"Row {rows[i]} after row {last}, of {_lengths[slot] - first}.", nameof(rows));
            last = rows[i];
            if (last != i) MoveRows(RowOf(slot) + first + last, RowOf(slot) + first + i, 1);
        }

        Truncate(first + rows.Length, slot);
    }

    /// <summary>Forgets tokens of a slot behind its first ones, and makes room for as many new ones. Those that stay are numbered without gaps.</summary>
    /// <param name="first">How many tokens at the beginning stay.</param>
    /// <param name="count">How many behind them are forgotten.</param>
    /// <param name="slot">Which slot.</param>
    public void Forget(int first, int count, int slot = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _lengths[slot] - first);
        // The few first ones move up to those that stay; these move only where the slot has come to its end.
        for (var row = first - 1; row >= -RowsAhead; row--) MoveRows(RowOf(slot) + row, RowOf(slot) + row + count, 1);
        _starts[slot] += count;
        _lengths[slot] -= count;
        if (RoomOf(slot) >= count) return;
        var (to, down, rows) = (slot * (Capacity + RowsAhead), _starts[slot], RowsAhead + _lengths[slot]);
        for (var row = 0; row < rows; row += down) MoveRows(to + down + row, to + row, Math.Min(down, rows - row));
        _starts[slot] = 0;
    }

    /// <summary>Begins a slot with the first tokens of a sequence, in this cache or in another one of the same model; what it held is forgotten.</summary>
    /// <param name="slot">The slot that begins anew; another than the one that is read.</param>
    /// <param name="from">The cache that holds the tokens.</param>
    /// <param name="fromSlot">Their slot.</param>
    /// <param name="length">How many tokens.</param>
    public void CopyFirst(int slot, KeyValueCache from, int fromSlot, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Math.Min(Capacity, from.LengthOf(fromSlot)));
        ArgumentOutOfRangeException.ThrowIfNotEqual(from.RowsAhead, RowsAhead);
        _starts[slot] = 0;
        for (var layer = 0; layer < _keys.Length; layer++)
        {
            var width = _keys[layer].Columns;
            var to = (long)(RowOf(slot) - RowsAhead) * width;
            CopyRows(RowsAhead + length, width, from.Keys(layer), from.RowOf(fromSlot) - RowsAhead, 0, _keys[layer].Data + to);
            CopyRows(RowsAhead + length, width, from.Values(layer), from.RowOf(fromSlot) - RowsAhead, 0, _values[layer].Data + to);
        }

        _lengths[slot] = length;
    }

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();

    /// <summary>The keys of a layer before their turn, and where they are turned: the same rows in both.</summary>
    internal (Tensor Keys, Tensor Turned) KeysToTurn(int layer) =>
        (_keys[layer], _turned ?? throw new InvalidOperationException("The keys of this cache were turned before they were written."));

    /// <summary>Moves rows of every layer; they don't overlap with where they go.</summary>
    private void MoveRows(int from, int to, int rows)
    {
        for (var layer = 0; layer < _keys.Length; layer++)
        {
            var width = _keys[layer].Columns;
            CopyRows(rows, width, _keys[layer], from, 0, _keys[layer].Data + (long)to * width);
            CopyRows(rows, width, _values[layer], from, 0, _values[layer].Data + (long)to * width);
        }
    }

    private void CopyRows(int rows, int width, Tensor source, int row, int column, float* destination) =>
        _buffer.Backend.CopyMatrix(rows, width, source.Data + (long)row * source.Columns + column, source.Columns, destination, width, accumulate: false);

    private Tensor View(int width, ref long offset)
    {
        var view = new Tensor(_buffer.Backend) { Shape = new Shape(Slots * (Capacity + RowsAhead), width), Data = _buffer.Data + offset, Kept = true };
        offset += view.Count;
        return view;
    }
}
