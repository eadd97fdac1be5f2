namespace Coppice.Corpus.Tests.Readers;

/// <summary>Reads a file as the pipeline does.</summary>
internal static class Reading
{
    public static (List<Document> Documents, CorpusReport Report) Read(string path, ReaderOptions? options = null)
    {
        var report = new CorpusReport();
        return ([.. new CorpusInput(path).Read(options ?? new ReaderOptions(), report)], report);
    }

    /// <summary>Reads a stream with one reader.</summary>
    public static (List<Document> Documents, CorpusReport Report) Read(IDocumentReader reader, Stream content, ReaderOptions? options = null)
    {
        var report = new CorpusReport();
        var file = new SourceFile(content, "file", "file", "source", SourceIsFixed: false, options ?? new ReaderOptions(), report);
        return ([.. reader.Read(file)], report);
    }

    public static (List<Document> Documents, CorpusReport Report) Read(IDocumentReader reader, ReadOnlySpan<byte> content, ReaderOptions? options = null) =>
        Read(reader, new MemoryStream(content.ToArray()), options);
}

/// <summary>A stream of a pattern that is repeated as often as it takes: a file of gigabytes without a file.</summary>
internal sealed class RepeatedStream(byte[] beginning, byte[] pattern, long length) : Stream
{
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        var done = 0;
        while (done < count && _position < length)
        {
            var source = _position < beginning.Length ? beginning.AsSpan((int)_position) : pattern.AsSpan((int)((_position - beginning.Length) % pattern.Length));
            var step = (int)Math.Min(Math.Min(source.Length, count - done), length - _position);
            source[..step].CopyTo(buffer.AsSpan(offset + done));
            done += step;
            _position += step;
        }

        return done;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
