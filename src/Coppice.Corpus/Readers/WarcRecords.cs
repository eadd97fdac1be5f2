using System.Buffers;
using System.Globalization;

namespace Coppice.Corpus;

/// <summary>
/// The records of a WARC file (ISO 28500), decompressed. A record's length is believed only if another record, or the end, follows where it says; else the next line
/// that begins like a record ends it. Records longer than the limit are passed over in constant memory.
/// </summary>
/// <param name="stream">The bytes; not disposed here.</param>
/// <param name="maximumBytes">The most bytes the content of a record may have.</param>
/// <param name="skipDamage">Goes on behind what can't be decompressed, or says that there is nothing.</param>
internal sealed class WarcRecords(Stream stream, int maximumBytes, Func<bool> skipDamage) : IDisposable
{
    private const int LongestHeader = 1 << 16;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(1 << 17);
    private int _start;
    private int _end;
    private bool _ended;
    private int _contentStart;
    private int _contentLength;

    /// <summary>The fields of the record's header.</summary>
    public HeaderFields Header { get; private set; } = HeaderFields.Empty;

    /// <summary>The record's content. Valid until the next read.</summary>
    public ReadOnlySpan<byte> Content => _buffer.AsSpan(_contentStart, _contentLength);

    /// <summary>Whether the content is longer than the limit; it is then empty.</summary>
    public bool TooLarge { get; private set; }

    /// <summary>Whether the record was not as long as its header says.</summary>
    public bool WrongLength { get; private set; }

    /// <summary>Whether something was lost, in the record or before it, because it can't be decompressed.</summary>
    public bool Damaged { get; private set; }

    /// <summary>Bytes passed over before the record that belong to none.</summary>
    public long Skipped { get; private set; }

    /// <summary>Goes to the next record; false at the end.</summary>
    public bool Read()
    {
        TooLarge = WrongLength = Damaged = false;
        Skipped = 0;
        _contentLength = 0;
        while (FindRecord())
        {
            if (ReadHeader())
            {
                ReadContent();
                return true;
            }

            // A line that begins like a record and is none.
            _start += Version.Length;
            Skipped += Version.Length;
        }

        return false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private static ReadOnlySpan<byte> Version => "WARC/"u8;

    private static ReadOnlySpan<byte> Boundary => "\nWARC/"u8;

    // To the next "WARC/" at the beginning of a line.
    private bool FindRecord()
    {
        while (Fill(1) && _buffer[_start] is (byte)'\r' or (byte)'\n') _start++;
        if (!Fill(1)) return false;
        if (Fill(Version.Length) && _buffer.AsSpan(_start, Version.Length).SequenceEqual(Version)) return true;
        while (true)
        {
            var found = _buffer.AsSpan(_start, _end - _start).IndexOf(Boundary);
            if (found >= 0)
            {
                Skipped += found;
                _start += found + 1;
                return true;
            }

            var passed = Math.Max(0, _end - _start - Boundary.Length + 1);
            Skipped += passed;
            _start += passed;
            if (!Fill(_end - _start + 1))
            {
                Skipped += _end - _start;
                _start = _end;
                return false;
            }
        }
    }

    private bool ReadHeader()
    {
        Fill(LongestHeader);
        var available = _buffer.AsSpan(_start, Math.Min(_end - _start, LongestHeader));
        if (HeaderFields.Parse(available, hasFirstLine: true, out var length) is not { } header) return false;
        Header = header;
        _start += length;
        return true;
    }

    private void ReadContent()
    {
        if (!long.TryParse(Header["Content-Length"], NumberStyles.None, CultureInfo.InvariantCulture, out var length))
        {
            length = 0;
            WrongLength = true;
        }

        if (length > maximumBytes)
        {
            TooLarge = true;
            PassOver(length);
            return;
        }

        var complete = Fill((int)length);
        var believed = Math.Min((int)length, _end - _start);
        if (complete && EndsRecord((int)length))
        {
            Take(believed, believed);
            return;
        }

        WrongLength = true;
        var next = _buffer.AsSpan(_start, believed).IndexOf(Boundary);
        if (next >= 0) Take(next, next + 1);
        else Take(believed, believed);
    }

    private void Take(int length, int next)
    {
        var content = _buffer.AsSpan(_start, length);
        _contentStart = _start;
        _contentLength = WrongLength ? content.TrimEnd("\r\n"u8).Length : length;
        _start += next;
    }

    // The content is followed by two empty lines and then by a record or nothing.
    private bool EndsRecord(int length)
    {
        const int mostSeparators = 8;
        Fill(length + mostSeparators + Version.Length);
        var after = _buffer.AsSpan(_start + length, Math.Min(_end - _start - length, mostSeparators + Version.Length)).TrimStart("\r\n"u8);
        return after.Length < Version.Length ? Version.StartsWith(after) : after.StartsWith(Version);
    }

    private void PassOver(long length)
    {
        for (var passed = 0L; passed < length;)
        {
            if (!Fill(Boundary.Length)) return;
            var available = (int)Math.Min(_end - _start, length - passed);
            var next = _buffer.AsSpan(_start, available).IndexOf(Boundary);
            if (next >= 0)
            {
                WrongLength = true;
                _start += next + 1;
                return;
            }

            // What may be the beginning of a boundary is looked at again with what follows.
            var step = available < _end - _start || _ended ? available : Math.Max(1, available - Boundary.Length + 1);
            passed += step;
            _start += step;
        }
    }

    // Makes at least so many bytes available, if there are so many. Only memory for bytes that were read is taken.
    private bool Fill(int count)
    {
        while (_end - _start < count && !_ended)
        {
            PooledWindow.MakeRoom(ref _buffer, ref _start, ref _end);
            var read = ReadOn();
            if (read == 0) _ended = true;
            _end += read;
        }

        return _end - _start >= count;
    }

    private int ReadOn()
    {
        while (true)
        {
            try
            {
                return stream.Read(_buffer, _end, _buffer.Length - _end);
            }
            catch (InvalidDataException)
            {
                if (!skipDamage()) throw;
                Damaged = true;
            }
        }
    }
}
