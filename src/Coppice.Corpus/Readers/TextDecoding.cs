using System.Text;
using System.Text.Unicode;

namespace Coppice.Corpus;

/// <summary>
/// Bytes to text: UTF-8, or UTF-16 where a byte-order mark says so. The mark is taken off; what is invalid becomes U+FFFD and is counted.
/// </summary>
internal static class TextDecoding
{
    /// <summary>Decodes a whole text.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="invalid">How many invalid sequences were replaced.</param>
    public static string Decode(ReadOnlySpan<byte> bytes, out long invalid)
    {
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE])) return Decode(Encoding.Unicode, bytes[2..], out invalid);
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF])) return Decode(Encoding.BigEndianUnicode, bytes[2..], out invalid);
        if (bytes.StartsWith(Utf8Mark)) bytes = bytes[Utf8Mark.Length..];
        if (!Utf8.IsValid(bytes)) return Decode(Encoding.UTF8, bytes, out invalid);
        invalid = 0;
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>The byte-order mark of UTF-8.</summary>
    public static ReadOnlySpan<byte> Utf8Mark => [0xEF, 0xBB, 0xBF];

    /// <summary>Decodes a whole text that is in a given encoding.</summary>
    /// <param name="encoding">The encoding.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="invalid">How many invalid sequences were replaced.</param>
    public static string Decode(Encoding encoding, ReadOnlySpan<byte> bytes, out long invalid)
    {
        var counting = new CountingFallback();
        var text = Encoding.GetEncoding(encoding.CodePage, EncoderFallback.ReplacementFallback, counting).GetString(bytes);

        // GetString decodes twice, once to learn the length, and asks the fallback both times.
        invalid = counting.Replaced / 2;
        return text;
    }

    private sealed class CountingFallback : DecoderFallback
    {
        public long Replaced { get; set; }

        public override int MaxCharCount => 1;

        public override DecoderFallbackBuffer CreateFallbackBuffer() => new Buffer(this);

        private sealed class Buffer(CountingFallback owner) : DecoderFallbackBuffer
        {
            private bool _pending;

            public override int Remaining => _pending ? 1 : 0;

            public override bool Fallback(byte[] bytesUnknown, int index)
            {
                owner.Replaced++;
                return _pending = true;
            }

            public override char GetNextChar()
            {
                if (!_pending) return '\0';
                _pending = false;
                return '\uFFFD';
            }

            public override bool MovePrevious() => false;
        }
    }
}
