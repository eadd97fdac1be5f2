using System.Buffers;

namespace Coppice.Corpus;

/// <summary>
/// Lines of a byte stream without allocation per line. A line longer than the limit is passed over, whatever its length, in constant memory.
/// </summary>
/// <param name="stream">The bytes; not disposed here.</param>
/// <param name="maximumLineBytes">The most bytes a line may have.</param>
internal sealed class Utf8LineReader(Stream stream, int maximumLineBytes) : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(1 << 16);
    private int _start;
    private int _end;
    private bool _ended;

    /// <summary>The number of the line that was read last, counted from 1.</summary>
    public long LineNumber { get; private set; }

    /// <summary>Whether the line that was read last was longer than the limit; its content is then empty.</summary>
    public bool TooLong { get; private set; }

    /// <summary>The line that was read last, without its end. Valid until the next read.</summary>
    public ReadOnlySpan<byte> Line => _buffer.AsSpan(_lineStart, _lineLength);

    private int _lineStart;
    private int _lineLength;

    /// <summary>Goes to the next line; false at the end of the stream.</summary>
    public bool Read()
    {
        TooLong = false;
        _lineLength = 0;
        var searched = _start;
        while (true)
        {
            var newline = _buffer.AsSpan(searched, _end - searched).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                Take(searched + newline, next: searched + newline + 1);
                return true;
            }

            if (_ended)
            {
                if (_start == _end && !TooLong) return false;
                Take(_end, next: _end);
                return true;
            }

            if (_end - _start > maximumLineBytes)
            {
                TooLong = true;
                _start = _end = 0;
            }

            PooledWindow.MakeRoom(ref _buffer, ref _start, ref _end);
            searched = _end;
            var read = stream.Read(_buffer, _end, _buffer.Length - _end);
            if (read == 0) _ended = true;
            _end += read;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private void Take(int end, int next)
    {
        LineNumber++;
        if (end - _start > maximumLineBytes) TooLong = true;
        _lineStart = _start;
        _lineLength = TooLong ? 0 : end - _start;
        if (_lineLength > 0 && _buffer[end - 1] == '\r') _lineLength--;
        _start = next;
    }
}
