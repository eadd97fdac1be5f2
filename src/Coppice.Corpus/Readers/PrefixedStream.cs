namespace Coppice.Corpus;

/// <summary>A forward-only stream that gives back the bytes that were read to tell a file's format.</summary>
/// <param name="prefix">The bytes that were taken from the rest.</param>
/// <param name="rest">What follows; not disposed here.</param>
internal sealed class PrefixedStream(byte[] prefix, Stream rest) : Stream
{
    private int _given;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var left = prefix.AsSpan(_given);
        if (left.IsEmpty) return rest.Read(buffer);
        var count = Math.Min(left.Length, buffer.Length);
        left[..count].CopyTo(buffer);
        _given += count;
        return count;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
