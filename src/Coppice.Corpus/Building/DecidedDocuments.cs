using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>What a linking step's decision leaves for the next one: the documents it was taken on, which of them are linked, and where it lies. 12 bytes a document.</summary>
/// <param name="Decisions">The key of the decisions.</param>
/// <param name="Ends">How many documents there were up to the end of each chunk.</param>
/// <param name="Fingerprints">The fingerprint of each document's sketch.</param>
/// <param name="Roots">Of each document the first one that it is linked with: itself, where there is none before it.</param>
internal sealed record DecidedDocuments(string Decisions, int[] Ends, ulong[] Fingerprints, int[] Roots)
{
    /// <summary>Reads what <see cref="Write"/> wrote; null where it is not there or damaged.</summary>
    /// <param name="path">The file.</param>
    public static DecidedDocuments? Read(string path)
    {
        if (!File.Exists(path)) return null;
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.SequentialScan);
        using var checksum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<int> counts = stackalloc int[3];
        if (!Take(file, checksum, counts) || LengthFor(counts) != file.Length) return null;
        var (key, ends, fingerprints, roots) = (new char[counts[0]], new int[counts[1]], new ulong[counts[2]], new int[counts[2]]);
        var isWhole = Take<char>(file, checksum, key) && Take<int>(file, checksum, ends) && Take<ulong>(file, checksum, fingerprints) && Take<int>(file, checksum, roots);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        file.ReadAtLeast(digest, digest.Length, throwOnEndOfStream: false);
        return isWhole && checksum.GetHashAndReset().AsSpan().SequenceEqual(digest) ? new DecidedDocuments(new string(key), ends, fingerprints, roots) : null;
    }

    /// <summary>Writes it, without waiting until the disk has it: where it is damaged, the next decision is taken on all documents.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CoppiceException">The file can't be written.</exception>
    public void Write(string path) => AtomicFile.Write(
        path,
        file =>
        {
            using var checksum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            Put<int>(file, checksum, [Decisions.Length, Ends.Length, Fingerprints.Length]);
            Put<char>(file, checksum, Decisions);
            Put<int>(file, checksum, Ends);
            Put<ulong>(file, checksum, Fingerprints);
            Put<int>(file, checksum, Roots);
            file.Write(checksum.GetHashAndReset());
        },
        toDisk: false);

    private static long LengthFor(ReadOnlySpan<int> counts) => counts.ContainsAnyInRange(int.MinValue, -1)
        ? -1
        : ((counts.Length + (long)counts[1]) * sizeof(int)) + ((long)counts[0] * sizeof(char)) + ((long)counts[2] * (sizeof(ulong) + sizeof(int))) + SHA256.HashSizeInBytes;

    private static bool Take<T>(Stream file, IncrementalHash checksum, Span<T> values)
        where T : unmanaged
    {
        var bytes = MemoryMarshal.AsBytes(values);
        if (file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length) return false;
        checksum.AppendData(bytes);
        return true;
    }

    private static void Put<T>(Stream file, IncrementalHash checksum, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        var bytes = MemoryMarshal.AsBytes(values);
        file.Write(bytes);
        checksum.AppendData(bytes);
    }
}
