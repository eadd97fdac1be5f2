using System.IO.Compression;
using System.Text;
using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>The characters of a file of examples, and which line they are on: UTF-8, gzip where the name ends with <c>.gz</c>.</summary>
internal sealed class TextSource : IDisposable
{
    /// <summary>The most characters that a line or a record may have: a conversation has some thousands.</summary>
    public const int LongestRecord = 16 << 20;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string _path;
    private readonly StreamReader _reader;
    private readonly char[] _buffer = new char[1 << 14];
    private readonly StringBuilder _text = new();
    private int _position;
    private int _length;

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CoppiceException">It can't be read.</exception>
    public TextSource(string path)
    {
        _path = path;
        try
        {
            Stream file = File.OpenRead(path);
            if (path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)) file = new GZipStream(file, CompressionMode.Decompress);
            _reader = new StreamReader(file, Strict, detectEncodingFromByteOrderMarks: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(error);
        }
    }

    /// <summary>The line of the next character, counted from 1.</summary>
    public int Line { get; private set; } = 1;

    /// <summary>The next character, which stays the next; -1 at the end.</summary>
    /// <exception cref="CoppiceException">The file can't be read, or is not UTF-8.</exception>
    public int Peek()
    {
        if (_position == _length)
        {
            (_position, _length) = (0, Read());
            if (_length == 0) return -1;
        }

        return _buffer[_position];
    }

    /// <summary>The next character; -1 at the end.</summary>
    /// <exception cref="CoppiceException">As <see cref="Peek"/>.</exception>
    public int Next()
    {
        var next = Peek();
        if (next < 0) return next;
        _position++;
        if (next == '\n') Line++;
        return next;
    }

    /// <summary>The next line without its end; null at the end of the file.</summary>
    /// <exception cref="CoppiceException">As <see cref="Peek"/>, or the line is too long.</exception>
    public string? ReadLine()
    {
        if (Peek() < 0) return null;
        _text.Clear();
        var line = Line;
        while (Next() is var next and >= 0 && next != '\n')
        {
            if (_text.Length == LongestRecord) throw Error(line, $"is longer than {LongestRecord} characters");
            _text.Append((char)next);
        }

        if (_text.Length > 0 && _text[^1] == '\r') _text.Length--;
        return _text.ToString();
    }

    /// <summary>Where a line is, for messages.</summary>
    /// <param name="line">The line.</param>
    public string Where(int line) => FormattableString.Invariant($"{_path}, line {line}");

    /// <summary>An error in a line.</summary>
    /// <param name="line">The line.</param>
    /// <param name="what">What is wrong with it.</param>
    /// <param name="inner">What said so.</param>
    public CoppiceException Error(int line, string what, Exception? inner = null) => new($"{Where(line)}: {what}", inner: inner);

    /// <inheritdoc/>
    public void Dispose() => _reader.Dispose();

    private int Read()
    {
        try
        {
            return _reader.Read(_buffer, 0, _buffer.Length);
        }
        catch (DecoderFallbackException error)
        {
            throw Error(Line, "this line or one soon behind it is not valid UTF-8", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw Unreadable(error);
        }
    }

    private CoppiceException Unreadable(Exception error) => new($"{_path}: can't be read: {error.Message}", inner: error);
}
