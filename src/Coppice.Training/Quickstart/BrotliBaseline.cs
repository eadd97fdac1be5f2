using System.IO.Compression;
using System.Text;

namespace Coppice.Training.Quickstart;

/// <summary>What a general-purpose compressor makes of a text: the bar that a language model of it has to pass to have learned anything.</summary>
public static class BrotliBaseline
{
    private const int StrongestQuality = 11;
    private const int LargestWindow = 24;

    /// <summary>Bits per byte of texts compressed together by Brotli at its strongest.</summary>
    /// <param name="texts">The texts.</param>
    /// <returns>Compressed bits over the texts' UTF-8 bytes; NaN where there is no text.</returns>
    public static double BitsPerByte(IEnumerable<string> texts)
    {
        var counted = 0L;
        using var together = new MemoryStream();
        foreach (var text in texts)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            counted += bytes.Length;
            together.Write(bytes);
            // The model is told where a document ends too.
            together.WriteByte((byte)'\n');
        }

        if (counted == 0) return double.NaN;
        var compressed = new byte[BrotliEncoder.GetMaxCompressedLength(checked((int)together.Length))];
        if (!BrotliEncoder.TryCompress(together.GetBuffer().AsSpan(0, (int)together.Length), compressed, out var written, StrongestQuality, LargestWindow))
            throw new InvalidOperationException("Brotli needs more room than it says that it does.");
        return 8.0 * written / counted;
    }
}
