using System.IO.Compression;

namespace Coppice.Corpus;

/// <summary>
/// Decompresses gzip and notices when the end is missing, which <see cref="GZipStream"/> by default takes for the end of the data.
/// </summary>
/// <remarks>
/// A gzip file may consist of several members. So one more, with a marker in it, is put behind the file: only a decompressor that came to
/// the proper end of the file gets to the marker.
/// </remarks>
internal sealed class CheckedGzipStream : ForwardStream
{
    private static readonly byte[] Marker = "coppice: the end of the file was reached"u8.ToArray();
    private static readonly byte[] MarkerMember = Compress(Marker);
    private readonly GZipStream _members;
    private readonly byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;

    /// <summary>Decompresses a stream.</summary>
    /// <param name="compressed">The stream; disposed with this one.</param>
    public CheckedGzipStream(Stream compressed)
    {
        var counted = new MeteredStream(compressed, read => Compressed += read);
        _members = new GZipStream(new ConcatenatedStream(counted, new MemoryStream(MarkerMember)), CompressionMode.Decompress);
    }

    /// <summary>How many bytes came out so far.</summary>
    public long Decompressed { get; private set; }

    /// <summary>How many bytes went in so far.</summary>
    public long Compressed { get; private set; }

    /// <summary>Reads decompressed bytes.</summary>
    /// <param name="buffer">Takes them.</param>
    /// <exception cref="InvalidDataException">The data is no gzip, is damaged or cut off.</exception>
    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty) return 0;

        // The last bytes are held back until it is known that they are not the marker.
        while (_end - _start <= Marker.Length)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
            var read = _members.Read(_buffer, _end, _buffer.Length - _end);
            _end += read;
            if (read > 0) continue;
            return _buffer.AsSpan(0, _end).SequenceEqual(Marker) ? 0 : throw new InvalidDataException("The compressed data is cut off.");
        }

        var count = Math.Min(buffer.Length, _end - _start - Marker.Length);
        _buffer.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        Decompressed += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _members.Dispose();
        base.Dispose(disposing);
    }

    private static byte[] Compress(byte[] bytes)
    {
        var member = new MemoryStream();
        using (var stream = new GZipStream(member, CompressionLevel.Fastest)) stream.Write(bytes);
        return member.ToArray();
    }
}
