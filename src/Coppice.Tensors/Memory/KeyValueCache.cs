namespace Coppice.Tensors;

/// <summary>The keys and values of the tokens of one sequence so far, in every layer, so that generation computes only the new ones.</summary>
public sealed unsafe class KeyValueCache : IDisposable
{
    private readonly FlatBuffer _buffer;
    private readonly Tensor[] _keys;
    private readonly Tensor[] _values;

    /// <summary>Allocates an empty cache.</summary>
    /// <param name="backend">Whose memory it is.</param>
    /// <param name="layers">Number of layers.</param>
    /// <param name="capacity">The longest sequence.</param>
    /// <param name="width">Key/value heads times head size.</param>
    public KeyValueCache(Backend backend, int layers, int capacity, int width)
    {
        (Capacity, Width) = (capacity, width);
        _buffer = new FlatBuffer(backend, 2L * layers * capacity * width);
        _keys = new Tensor[layers];
        _values = new Tensor[layers];
        for (var layer = 0; layer < layers; layer++)
        {
            _keys[layer] = View(2 * layer);
            _values[layer] = View(2 * layer + 1);
        }
    }

    /// <summary>The longest sequence.</summary>
    public int Capacity { get; }

    /// <summary>Key/value heads times head size.</summary>
    public int Width { get; }

    /// <summary>The number of tokens whose keys and values are complete.</summary>
    public int Length { get; private set; }

    /// <summary>The keys of a layer: [capacity, width], of which the first <see cref="Length"/> rows (and those just written) mean something.</summary>
    /// <param name="layer">Which layer.</param>
    public Tensor Keys(int layer) => _keys[layer];

    /// <summary>The values of a layer, as the keys.</summary>
    /// <param name="layer">Which layer.</param>
    public Tensor Values(int layer) => _values[layer];

    /// <summary>Writes keys and values of new tokens behind the complete ones.</summary>
    /// <param name="layer">Which layer.</param>
    /// <param name="keys">[new tokens, any columns].</param>
    /// <param name="keyColumn">Where the keys begin in a row.</param>
    /// <param name="values">[new tokens, any columns].</param>
    /// <param name="valueColumn">Where the values begin in a row.</param>
    public void Write(int layer, Tensor keys, int keyColumn, Tensor values, int valueColumn)
    {
        Require.That(keyColumn + Width <= keys.Columns && valueColumn + Width <= values.Columns && Length + keys.Rows <= Capacity, "cache", keys.Shape, new Shape(Capacity, Width));
        var backend = _buffer.Backend;
        backend.CopyMatrix(keys.Rows, Width, keys.Data + keyColumn, keys.Columns, _keys[layer].Data + (long)Length * Width, Width, accumulate: false);
        backend.CopyMatrix(values.Rows, Width, values.Data + valueColumn, values.Columns, _values[layer].Data + (long)Length * Width, Width, accumulate: false);
    }

    /// <summary>Counts tokens that every layer has written as complete.</summary>
    /// <param name="tokens">How many.</param>
    public void Advance(int tokens)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tokens, Capacity - Length);
        Length += tokens;
    }

    /// <summary>Forgets all tokens but the first ones.</summary>
    /// <param name="length">How many stay.</param>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        Length = length;
    }

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();

    private Tensor View(int index) => new(_buffer.Backend)
    {
        Shape = new Shape(Capacity, Width),
        Data = _buffer.Data + (long)index * Capacity * Width,
        Kept = true,
    };
}
