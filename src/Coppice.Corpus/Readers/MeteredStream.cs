namespace Coppice.Corpus;

/// <summary>A stream that tells how many bytes were read of it, as they are read.</summary>
/// <param name="stream">The bytes; disposed with this stream.</param>
/// <param name="told">Told of each read.</param>
internal sealed class MeteredStream(Stream stream, Action<long> told) : ForwardStream
{
    public override int Read(Span<byte> buffer)
    {
        var read = stream.Read(buffer);
        told(read);
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) stream.Dispose();
        base.Dispose(disposing);
    }
}
