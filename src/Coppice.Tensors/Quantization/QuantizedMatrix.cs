using System.Runtime.InteropServices;

namespace Coppice.Tensors;

/// <summary>
/// A matrix of weights in 8 or 4 bits, in a backend's memory. It can be multiplied with and rows can be looked up; it is never changed and has no gradient, but gradients flow through it.
/// It takes what its blocks take: rows are rounded up to a multiple of 16, columns to one of 32.
/// </summary>
public sealed unsafe class QuantizedMatrix : IDisposable
{
    private void* _memory;
    private readonly QuantizedWeights _weights;

    /// <summary>Allocates a matrix; <see cref="Write"/> gives it its values.</summary>
    /// <param name="backend">Whose memory it is.</param>
    /// <param name="type">How the weights are stored.</param>
    /// <param name="rows">Rows: the outputs of a product.</param>
    /// <param name="columns">Columns: its inputs.</param>
    public QuantizedMatrix(Backend backend, QuantizedType type, int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        Backend = backend;
        var blocks = (long)QuantizedLayout.Groups(rows) * QuantizedLayout.Blocks(columns);
        var levelBytes = blocks * QuantizedLayout.LevelBytes(type);
        Bytes = levelBytes + blocks * QuantizedLayout.Scales(type) * sizeof(ushort);
        _memory = backend.Allocate(Bytes);
        _weights = new QuantizedWeights { Type = type, Rows = rows, Columns = columns, Levels = (byte*)_memory, Scales = (ushort*)((byte*)_memory + levelBytes) };
    }

    /// <summary>Frees a matrix that nobody disposed: native memory is invisible to the collector.</summary>
    ~QuantizedMatrix() => Free();

    /// <summary>Whose memory it is.</summary>
    public Backend Backend { get; }

    /// <summary>How the weights are stored.</summary>
    public QuantizedType Type => _weights.Type;

    /// <summary>Rows: the outputs of a product.</summary>
    public int Rows => _weights.Rows;

    /// <summary>Columns: its inputs.</summary>
    public int Columns => _weights.Columns;

    /// <summary>The memory that it takes.</summary>
    public long Bytes { get; }

    /// <summary>Bytes of one row as <see cref="Write"/> takes it.</summary>
    public int RowBytes => QuantizedLayout.Blocks(Columns) * QuantizedLayout.BlockBytes(Type);

    internal QuantizedWeights Weights => _memory != null ? _weights : throw new ObjectDisposedException(nameof(QuantizedMatrix));

    /// <summary>Rows are written in groups of as many.</summary>
    public static int RowsOfAGroup => QuantizedLayout.GroupRows;

    /// <summary>Columns that share a scale.</summary>
    public static int ColumnsOfABlock => QuantizedLayout.BlockColumns;

    /// <summary>Half-precision numbers at the beginning of a block: the scale, and in 4 bits the minimum.</summary>
    public int NumbersOfABlock => QuantizedLayout.ScalesOfABlock(Type);

    /// <summary>Gives rows their values.</summary>
    /// <param name="firstRow">The first: a multiple of <see cref="RowsOfAGroup"/>.</param>
    /// <param name="rows">Whole rows, each as ggml has it: blocks of 32 columns, the scale and the levels of each (Q8_0), or scale, minimum and levels (Q4_1). As many as a multiple of
    /// <see cref="RowsOfAGroup"/>, or up to the last.</param>
    public void Write(int firstRow, ReadOnlySpan<byte> rows)
    {
        var count = rows.Length / RowBytes;
        if (firstRow < 0 || firstRow % RowsOfAGroup != 0 || rows.Length % RowBytes != 0 || firstRow + count > Rows || (count % RowsOfAGroup != 0 && firstRow + count != Rows))
            throw new ArgumentException($"{rows.Length} bytes from row {firstRow} on, of {Rows} rows of {RowBytes} bytes.", nameof(rows));
        var blocks = QuantizedLayout.Blocks(Columns);
        var (weights, bytes) = (Weights, QuantizedLayout.LevelBytes(Type));
        var levels = new byte[blocks * bytes];
        var scales = new ushort[blocks * QuantizedLayout.Scales(Type)];
        for (var row = 0; row < count; row += RowsOfAGroup)
        {
            // Lanes behind the last row have the scale 0, whatever levels the group before left there.
            Array.Clear(scales);
            for (var lane = 0; lane < RowsOfAGroup && row + lane < count; lane++) Interleave(rows.Slice((row + lane) * RowBytes, RowBytes), lane, levels, scales);
            var group = (long)(firstRow + row) / RowsOfAGroup * blocks;
            Backend.CopyFromHost(MemoryMarshal.Cast<byte, int>(levels), (int*)(weights.Levels + group * bytes));
            Backend.CopyFromHost(MemoryMarshal.Cast<ushort, int>(scales), (int*)(weights.Scales + group * QuantizedLayout.Scales(Type)));
        }
    }

    /// <summary>Rows as float32, each value rounded once.</summary>
    /// <param name="firstRow">The first.</param>
    /// <param name="values">Room for whole rows.</param>
    public void Read(int firstRow, Span<float> values)
    {
        var count = values.Length / Columns;
        if (firstRow < 0 || values.Length % Columns != 0 || firstRow > Rows - count) throw new ArgumentException($"{values.Length} values from row {firstRow} on, of {Rows} rows of {Columns} columns.", nameof(values));
        if (count == 0) return;
        var memory = (float*)Backend.Allocate((long)values.Length * sizeof(float));
        try
        {
            Backend.Dequantize(firstRow, count, Weights, memory);
            Backend.CopyToHost(memory, values);
        }
        finally
        {
            Backend.Free(memory);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Interleave(ReadOnlySpan<byte> row, int lane, byte[] levels, ushort[] scales)
    {
        var (blockBytes, levelBytes, numbers) = (QuantizedLayout.BlockBytes(Type), QuantizedLayout.LevelBytes(Type), QuantizedLayout.ScalesOfABlock(Type));
        var offset = Type == QuantizedType.Int8 ? QuantizedLayout.ByteOffset : 0;
        for (var block = 0; block < row.Length / blockBytes; block++)
        {
            var source = row.Slice(block * blockBytes, blockBytes);
            for (var i = 0; i < numbers; i++)
            {
                scales[(block * numbers + i) * RowsOfAGroup + lane] = System.Buffers.Binary.BinaryPrimitives.ReadUInt16LittleEndian(source);
                source = source[sizeof(ushort)..];
            }

            for (var i = 0; i < source.Length; i++)
                levels[block * levelBytes + i / 4 * QuantizedLayout.RunBytes + lane * 4 + i % 4] = unchecked((byte)(source[i] + offset));
        }
    }

    private void Free()
    {
        if (_memory == null) return;
        Backend.Free(_memory);
        _memory = null;
    }
}
