using System.Buffers;

namespace Coppice.Corpus;

/// <summary>Reads a file that is one document, within the size limit.</summary>
internal static class WholeFile
{
    /// <summary>Bytes to text.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="invalid">How many invalid sequences were replaced.</param>
    public delegate string Decoder(ReadOnlySpan<byte> bytes, out long invalid);

    /// <summary>The text of the file, or null where it was dropped (the report says why).</summary>
    /// <param name="file">The file.</param>
    /// <param name="decode">How its bytes become text; null for UTF-8.</param>
    public static string? ReadText(SourceFile file, Decoder? decode = null)
    {
        // The buffer grows with what was really read: a small compressed file can't ask for memory it has no bytes for.
        var limit = file.Options.MaximumDocumentBytes;
        var buffer = ArrayPool<byte>.Shared.Rent(1 << 16);
        try
        {
            var length = 0;
            while (file.Content.Read(buffer, length, buffer.Length - length) is var read and > 0)
            {
                length += read;
                if (length > limit)
                {
                    file.Report.Drop(DropReasons.TooLarge, file.Path);
                    return null;
                }

                if (length < buffer.Length) continue;
                var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Array.MaxLength, 2L * buffer.Length));
                buffer.AsSpan(0, length).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = larger;
            }

            var text = (decode ?? TextDecoding.Decode)(buffer.AsSpan(0, length), out var invalid);
            if (text.Contains('\0'))
            {
                file.Report.Drop(DropReasons.Binary, file.Path);
                return null;
            }

            if (invalid > 0) file.Report.Problem(DropReasons.InvalidBytes, file.Path, invalid);
            return text;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
