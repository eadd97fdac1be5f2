using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Coppice.Corpus;

/// <summary>The identity of a text: the first 128 bits of the SHA-256 of its UTF-8 bytes.</summary>
public static class ContentHash
{
    /// <summary>The hash of a text. Two different texts share one with a probability of about 2⁻¹²⁸ a pair.</summary>
    /// <param name="text">The text.</param>
    public static UInt128 Of(string text)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetByteCount(text));
        try
        {
            var length = Encoding.UTF8.GetBytes(text, buffer);
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(buffer.AsSpan(0, length), hash);
            return BinaryPrimitives.ReadUInt128LittleEndian(hash);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
