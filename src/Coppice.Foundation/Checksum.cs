using System.Security.Cryptography;

namespace Coppice.Foundation;

/// <summary>SHA-256 checksums as lower-case hexadecimal.</summary>
public static class Checksum
{
    /// <summary>The checksum of a file's bytes.</summary>
    /// <param name="path">The file.</param>
    public static string OfFile(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>The checksum of bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    public static string Of(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>The checksum of a text's UTF-8 bytes.</summary>
    /// <param name="text">The text.</param>
    public static string Of(string text) => Of(System.Text.Encoding.UTF8.GetBytes(text));
}
