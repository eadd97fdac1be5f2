using System.Runtime.InteropServices;
using Coppice.Foundation;
using Microsoft.Win32.SafeHandles;

namespace Coppice.Corpus.Deduplication;

/// <summary>The signatures of all documents, to be looked at in any order: in memory where they fit, else in a file that the operating system caches.</summary>
internal sealed class SignatureStore : IDisposable
{
    private readonly int _length;
    private readonly uint[][] _blocks = [];
    private readonly int _perBlock;
    private readonly SafeFileHandle? _file;

    /// <summary>Makes room for signatures.</summary>
    /// <param name="folder">Where the file goes if there is one.</param>
    /// <param name="documents">How many documents.</param>
    /// <param name="length">The length of a signature.</param>
    /// <param name="memory">Bytes of memory to stay within.</param>
    /// <exception cref="CoppiceException">There is no room on the disk.</exception>
    public SignatureStore(string folder, int documents, int length, long memory)
    {
        _length = length;
        var bytes = (long)documents * length * sizeof(uint);
        if (bytes <= memory)
        {
            _perBlock = (1 << 20) / length + 1;
            _blocks = new uint[(documents + _perBlock - 1) / _perBlock][];
            return;
        }

        var path = Path.Combine(folder, "signatures");
        try
        {
            _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose | FileOptions.RandomAccess, bytes);
        }
        catch (IOException error)
        {
            throw new CoppiceException($"{path}: {bytes} bytes are needed there: {error.Message}", inner: error);
        }
    }

    /// <summary>Stores a document's signature. Several threads may do so at once.</summary>
    /// <param name="index">The document.</param>
    /// <param name="signature">Its signature.</param>
    public void Write(int index, ReadOnlySpan<uint> signature)
    {
        if (_file is not null)
        {
            RandomAccess.Write(_file, MemoryMarshal.AsBytes(signature), OffsetOf(index));
            return;
        }

        ref var block = ref _blocks[index / _perBlock];
        if (Volatile.Read(ref block) is null) Interlocked.CompareExchange(ref block, new uint[_perBlock * _length], null);
        signature.CopyTo(block.AsSpan(index % _perBlock * _length));
    }

    /// <summary>Reads a document's signature.</summary>
    /// <param name="index">The document.</param>
    /// <param name="signature">Takes it.</param>
    public void Read(int index, Span<uint> signature)
    {
        if (_file is null) _blocks[index / _perBlock].AsSpan(index % _perBlock * _length, _length).CopyTo(signature);
        else if (!PositionedRead.Fill(_file, MemoryMarshal.AsBytes(signature), OffsetOf(index))) throw new EndOfStreamException("signatures");
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private long OffsetOf(int index) => (long)index * _length * sizeof(uint);
}
