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
    private readonly Pieces _compressed;
    private GZipStream _members;
    private readonly byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;

    /// <summary>Decompresses a stream.</summary>
    /// <param name="compressed">The stream; disposed with this one.</param>
    /// <param name="canSkipDamage">
    /// Whether it can go on behind damage, for a little more time. Each member must then be longer than <see cref="Pieces.Small"/> bytes: shorter ones may come out twice.
    /// </param>
    public CheckedGzipStream(Stream compressed, bool canSkipDamage)
    {
        CanSkipDamage = canSkipDamage;
        _compressed = new Pieces(new MeteredStream(compressed, read => Compressed += read), canSkipDamage ? Pieces.Small : Pieces.Large);
        _members = Members([]);
    }

    /// <summary>Whether it can go on behind damage.</summary>
    public bool CanSkipDamage { get; }

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

    /// <summary>Goes on, where a read found damage, with the next member of the file. Empty lines stand for the rest of the damaged one.</summary>
    /// <returns>False where no member follows.</returns>
    public bool SkipDamage()
    {
        if (!CanSkipDamage || !_compressed.FindMember(out var header)) return false;
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        // Two line ends, of which the first ends a line that was lost half way.
        "\r\n\r\n"u8.CopyTo(_buffer.AsSpan(_end));
        _end += 4;
        _members.Dispose();
        _members = Members(header);
        return true;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _members.Dispose();
            _compressed.Dispose();
        }

        base.Dispose(disposing);
    }

    private GZipStream Members(byte[] beginning) =>
        new(new ConcatenatedStream(new ConcatenatedStream(new MemoryStream(beginning), _compressed), new MemoryStream(MarkerMember)), CompressionMode.Decompress, leaveOpen: true);

    private static byte[] Compress(byte[] bytes)
    {
        var member = new MemoryStream();
        using (var stream = new GZipStream(member, CompressionLevel.Fastest)) stream.Write(bytes);
        return member.ToArray();
    }

    /// <summary>
    /// The compressed bytes in pieces. A decompressor that finds damage does not tell where it stands, but it does so within the last piece that it took: what begins there
    /// is looked for there.
    /// </summary>
    private sealed class Pieces(Stream stream, int size) : ForwardStream
    {
        /// <summary>Sizes of a piece: one that no record of a web archive fits into, and one that costs nothing.</summary>
        public const int Small = 128, Large = 1 << 13;

        private readonly byte[] _piece = new byte[size];
        private int _start;
        private int _end;

        // Where a search goes on: a member that was begun after damage is not begun again.
        private int _searched;

        public override int Read(Span<byte> buffer)
        {
            if (!buffer.IsEmpty && !HasMore()) return 0;
            var count = Math.Min(buffer.Length, _end - _start);
            _piece.AsSpan(_start, count).CopyTo(buffer);
            _start += count;
            return count;
        }

        /// <summary>Goes behind the first four bytes of the next member: the mark of gzip, the one method that there is, and flags of which the upper three are 0.</summary>
        public bool FindMember(out byte[] header)
        {
            var last = 0u;
            _start = _searched;
            while (HasMore())
            {
                last = (last << 8) | _piece[_start++];
                if ((last & 0xFFFFFFE0) != 0x1F8B0800) continue;
                _searched = _start;
                header = [0x1F, 0x8B, 0x08, (byte)last];
                return true;
            }

            header = [];
            return false;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) stream.Dispose();
            base.Dispose(disposing);
        }

        private bool HasMore()
        {
            if (_start < _end) return true;
            (_start, _end, _searched) = (0, stream.Read(_piece), 0);
            return _end > 0;
        }
    }
}
