using System.Globalization;
using System.IO.Compression;

namespace Coppice.Corpus;

/// <summary>An HTTP response as WARC files keep it: header, then a body that may be in chunks and compressed.</summary>
/// <param name="header">The header.</param>
/// <param name="body">The body, whole and decompressed.</param>
internal readonly ref struct HttpMessage(HeaderFields header, ReadOnlySpan<byte> body)
{
    public HeaderFields Header { get; } = header;

    public ReadOnlySpan<byte> Body { get; } = body;

    /// <summary>The number of the status, such as 200, or 0.</summary>
    public int Status =>
        Header.FirstLine.Split(' ') is [_, var code, ..] && int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out var status) ? status : 0;

    /// <summary>Reads a response.</summary>
    /// <param name="bytes">The response.</param>
    /// <param name="maximumBytes">The most bytes the body may have, decompressed.</param>
    /// <param name="tooLarge">Whether it has more.</param>
    public static HttpMessage Parse(ReadOnlySpan<byte> bytes, int maximumBytes, out bool tooLarge)
    {
        tooLarge = false;
        if (!bytes.StartsWith("HTTP/"u8) || HeaderFields.Parse(bytes, hasFirstLine: true, out var length) is not { } header) return new HttpMessage(HeaderFields.Empty, bytes);
        var body = bytes[length..];

        // Crawlers often undo the encodings and leave the fields that name them. So the body is looked at too.
        if (header.ValueOf("Transfer-Encoding") == "chunked" && Joined(body) is { } joined) body = joined;
        return new HttpMessage(header, Decompress(body, header.ValueOf("Content-Encoding"), maximumBytes, out tooLarge));
    }

    // The chunks in one; null where the body does not begin with one. A chunk that breaks off is taken as far as it goes.
    private static byte[]? Joined(ReadOnlySpan<byte> body)
    {
        var joined = new MemoryStream();
        while (true)
        {
            var newline = body.IndexOf((byte)'\n');
            if (newline < 0) return joined.Length > 0 ? joined.ToArray() : null;
            var size = body[..newline].Trim(" \t\r"u8);
            if (size.IndexOf((byte)';') is var extension and >= 0) size = size[..extension];
            if (size.IsEmpty || !int.TryParse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var length) || length < 0)
            {
                return joined.Length > 0 ? joined.ToArray() : null;
            }

            body = body[(newline + 1)..];
            if (length == 0) return joined.ToArray();
            joined.Write(body[..Math.Min(length, body.Length)]);
            if (length >= body.Length) return joined.ToArray();
            body = body[length..].TrimStart("\r\n"u8);
        }
    }

    private static ReadOnlySpan<byte> Decompress(ReadOnlySpan<byte> body, string encoding, int maximumBytes, out bool tooLarge)
    {
        tooLarge = false;
        var isGzip = body.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]);
        if (encoding is not ("gzip" or "x-gzip" or "deflate" or "br") || (encoding is "gzip" or "x-gzip" && !isGzip)) return body;
        var compressed = new MemoryStream(body.ToArray());
        using Stream decompressor = isGzip ? new GZipStream(compressed, CompressionMode.Decompress)
            : encoding == "br" ? new BrotliStream(compressed, CompressionMode.Decompress)
            : new ZLibStream(compressed, CompressionMode.Decompress);
        var whole = new MemoryStream();
        var buffer = new byte[1 << 16];
        try
        {
            while (decompressor.Read(buffer) is var read and > 0)
            {
                whole.Write(buffer, 0, read);
                if (whole.Length <= maximumBytes) continue;
                tooLarge = true;
                return [];
            }
        }
        catch (Exception error) when (error is InvalidDataException or InvalidOperationException)
        {
            // Not compressed after all, or cut off: what came out counts, if anything did.
            if (whole.Length == 0) return body;
        }

        return whole.GetBuffer().AsSpan(0, (int)whole.Length);
    }
}
