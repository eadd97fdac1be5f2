using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Coppice.Corpus.Building;

/// <summary>
/// What a chunk keeps of each document for a linking step, beside its sketch: a fingerprint of the sketch, which tells whether it is new, and the step's keys, which tell what it is
/// linked with. Fingerprints are 8 bytes each; in front of a document's keys, 8 bytes each, stands how many there are.
/// </summary>
internal static class LinkRecords
{
    /// <summary>Writes what is kept of a document.</summary>
    /// <param name="fingerprints">Takes the fingerprint.</param>
    /// <param name="keys">Takes the keys.</param>
    /// <param name="record">The document's sketch as <see cref="SketchRecords"/> writes it.</param>
    /// <param name="keysOfDocument">The document's keys behind a place for their number.</param>
    public static void Write(Stream fingerprints, Stream keys, ReadOnlySpan<byte> record, Span<ulong> keysOfDocument)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(record, digest);
        fingerprints.Write(digest[..sizeof(ulong)]);
        keysOfDocument[0] = (ulong)keysOfDocument.Length - 1;
        keys.Write(MemoryMarshal.AsBytes(keysOfDocument));
    }

    /// <summary>Reads the fingerprints of a chunk's documents.</summary>
    /// <param name="chunk">The chunk.</param>
    public static ReadOnlySpan<ulong> ReadFingerprints(ChunkFile chunk) => MemoryMarshal.Cast<byte, ulong>(chunk.Read(ChunkSection.Fingerprints));

    /// <summary>Reads the keys of a chunk's documents.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <param name="buffer">Takes them, and is replaced where it is too small.</param>
    public static ReadOnlySpan<ulong> ReadKeys(ChunkFile chunk, ref byte[] buffer) => MemoryMarshal.Cast<byte, ulong>(chunk.Read(ChunkSection.Keys, ref buffer).Span);

    /// <summary>The keys of the first document of some.</summary>
    /// <param name="keys">The keys of documents; replaced by those of the documents behind the first.</param>
    public static ReadOnlySpan<ulong> TakeFirst(ref ReadOnlySpan<ulong> keys)
    {
        var first = keys.Slice(1, (int)keys[0]);
        keys = keys[(first.Length + 1)..];
        return first;
    }
}
