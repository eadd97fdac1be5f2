using System.Buffers;

namespace Coppice.Corpus;

/// <summary>
/// The records of comma-separated values (RFC 4180): a field in quotation marks may hold separators, line ends and doubled quotation marks. A record longer than the
/// limit is passed over in constant memory.
/// </summary>
/// <param name="stream">The bytes; not disposed here.</param>
/// <param name="separator">What parts fields: a comma or a tab.</param>
/// <param name="maximumRecordBytes">The most bytes a record may have.</param>
internal sealed class CsvRecords(Stream stream, byte separator, int maximumRecordBytes)
{
    private const int MostFields = 10_000;
    private readonly byte[] _buffer = new byte[1 << 16];
    private readonly List<byte[]> _fields = [];
    private ArrayBufferWriter<byte> _field = new();
    private int _position;
    private int _length;
    private long _recordBytes;
    private long _line = 1;

    /// <summary>The fields of the record that was read last. Empty where it is too long.</summary>
    public IReadOnlyList<byte[]> Fields => _fields;

    /// <summary>Whether the record that was read last is longer than the limit.</summary>
    public bool TooLong { get; private set; }

    /// <summary>The line that the record begins on, counted from 1.</summary>
    public long Line { get; private set; }

    /// <summary>Whether the file ended inside quotation marks.</summary>
    public bool Unclosed { get; private set; }

    /// <summary>Goes to the next record that is no empty line; false at the end.</summary>
    public bool Read()
    {
        do
        {
            if (Peek() < 0) return false;
            ReadRecord();
        }
        while (!TooLong && _fields is [{ Length: 0 }]);

        return true;
    }

    private void ReadRecord()
    {
        _fields.Clear();
        _field.ResetWrittenCount();
        _recordBytes = 0;
        TooLong = Unclosed = false;
        Line = _line;
        var atStart = true;
        while (true)
        {
            var next = Next();
            if (next < 0 || next == '\n')
            {
                EndField(atEndOfLine: true);
                return;
            }

            if (next == separator)
            {
                EndField(atEndOfLine: false);
                atStart = true;
            }
            else if (next == '"' && atStart)
            {
                ReadQuoted();
                atStart = false;
            }
            else
            {
                Append((byte)next);
                atStart = false;
            }
        }
    }

    private void ReadQuoted()
    {
        while (true)
        {
            var next = Next();
            if (next < 0)
            {
                Unclosed = true;
                return;
            }

            if (next != '"') Append((byte)next);
            else if (Peek() != '"') return;
            else Append((byte)Next());
        }
    }

    private void EndField(bool atEndOfLine)
    {
        if (TooLong) return;
        if (_fields.Count == MostFields)
        {
            Fail();
            return;
        }

        // A carriage return before the line's end is part of that; one in quotation marks would be followed by the mark.
        var field = _field.WrittenSpan.ToArray();
        _fields.Add(atEndOfLine && field is [.., (byte)'\r'] ? field[..^1] : field);
        _field.ResetWrittenCount();
    }

    private void Append(byte value)
    {
        if (TooLong) return;
        if (++_recordBytes > maximumRecordBytes) Fail();
        else _field.Write([value]);
    }

    private void Fail()
    {
        TooLong = true;
        _fields.Clear();
        _field = new ArrayBufferWriter<byte>();
    }

    private int Next()
    {
        var next = Peek();
        if (next < 0) return next;
        _position++;
        if (next == '\n') _line++;
        return next;
    }

    private int Peek()
    {
        if (_position == _length)
        {
            _length = stream.Read(_buffer, 0, _buffer.Length);
            _position = 0;
            if (_length == 0) return -1;
        }

        return _buffer[_position];
    }
}
