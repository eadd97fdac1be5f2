using System.Security.Cryptography;
using System.Text;
using Coppice.Foundation;

namespace Coppice.Models.Hub;

/// <summary>A file of a repository on a hub.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Checksum">
/// What the hub says about its content, in hexadecimal: 64 digits are the SHA-256 of a large file, 40 digits the name that git gives to a small one (SHA-1 of
/// <c>blob SIZE</c>, a zero byte and the content).
/// </param>
internal sealed record HubFile(string Name, long Size, string Checksum)
{
    private const int Sha256Digits = 64;
    private const int Sha1Digits = 40;

    /// <summary>Whether a text is a checksum of either kind; it becomes the name of a file.</summary>
    public static bool IsChecksum(string text) => text.Length is Sha256Digits or Sha1Digits && text.All(char.IsAsciiHexDigitLower);

    /// <summary>Whether a file on disk is this one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cancellation">Ends it early.</param>
    public bool Is(string path, CancellationToken cancellation)
    {
        if (!File.Exists(path) || new FileInfo(path).Length != Size) return false;
        using var hash = IncrementalHash.CreateHash(Checksum.Length == Sha256Digits ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
        if (Checksum.Length == Sha1Digits) hash.AppendData(Encoding.ASCII.GetBytes(FormattableString.Invariant($"blob {Size}\0")));
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);
        var buffer = new byte[1 << 20];
        while (stream.Read(buffer) is var count and > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            hash.AppendData(buffer, 0, count);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset()) == Checksum;
    }
}
