using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>The parts of a chunk's result.</summary>
internal enum ChunkSection
{
    /// <summary>The documents that were kept, as lines in gzip members; in the last stage those for training.</summary>
    Documents,

    /// <summary>Where each member of <see cref="Documents"/> begins (<see cref="DocumentBlock"/>), so that one document can be had without the others; empty in the last stage.</summary>
    Blocks,

    /// <summary>The documents for validation, as other gzip members; empty but in the last stage.</summary>
    Validation,

    /// <summary>The SHA-256 of each line of <see cref="Documents"/>.</summary>
    Digests,

    /// <summary>The SHA-256 of each line of <see cref="Validation"/>.</summary>
    ValidationDigests,

    /// <summary>What the decision after this stage must know of each document that was kept (<see cref="SketchRecords"/>).</summary>
    Sketches,

    /// <summary>Of each document that was kept the fingerprint of its sketch, where the decision after this stage is that of a linking step (<see cref="LinkRecords"/>).</summary>
    Fingerprints,

    /// <summary>Their keys, likewise.</summary>
    Keys,

    /// <summary>The id of each document that was kept (<see cref="BinaryWriter.Write(string)"/>), in stages before the last.</summary>
    Ids,

    /// <summary>A byte for each document that came in: 1 where it was kept.</summary>
    Kept,

    /// <summary>What each step made of each document, as lines of JSON in a gzip member (<see cref="DocumentTrace"/>).</summary>
    Trace,

    /// <summary>What was counted (<see cref="ChunkStatistics"/>), as JSON in a gzip member.</summary>
    Statistics,

    /// <summary>Documents that a step failed on, as lines of JSON.</summary>
    Quarantine,

    /// <summary>What of the others belongs to which part of the chunk (<see cref="PartResult"/>), as JSON in a gzip member; none in the first stage.</summary>
    Parts,
}

/// <summary>
/// The result of a stage of curation on a chunk of documents: one file, written whole or not at all. Sections follow one another; behind them stands how many
/// documents there are, and the length and SHA-256 of each section.
/// </summary>
internal sealed class ChunkFile
{
    private const int CountBytes = 8, DigestBytes = SHA256.HashSizeInBytes;
    private static readonly byte[] Magic = "coppice chunk 5\n"u8.ToArray();
    private static readonly int Sections = Enum.GetValues<ChunkSection>().Length;
    private static readonly int FooterBytes = (3 * CountBytes) + (Sections * (CountBytes + DigestBytes)) + Magic.Length;

    private readonly string _path;
    private readonly byte[] _footer;
    private readonly long[] _starts;

    private ChunkFile(string path, byte[] footer, long[] starts)
    {
        _path = path;
        _footer = footer;
        _starts = starts;
    }

    /// <summary>Documents that came in.</summary>
    public long DocumentsIn => Count(0);

    /// <summary>Documents that were kept.</summary>
    public long DocumentsOut => Count(1);

    /// <summary>UTF-8 bytes of the text of the documents that were kept.</summary>
    public long BytesOut => Count(2);

    /// <summary>Writes a chunk's result.</summary>
    /// <param name="path">The file.</param>
    /// <param name="documentsIn">Documents that came in.</param>
    /// <param name="documentsOut">Documents that were kept.</param>
    /// <param name="bytesOut">UTF-8 bytes of their text.</param>
    /// <param name="section">The content of each section.</param>
    public static void Write(string path, long documentsIn, long documentsOut, long bytesOut, Func<ChunkSection, ReadOnlyMemory<byte>> section) => WriteUnflushed(path, stream =>
    {
        var footer = new byte[FooterBytes];
        BinaryPrimitives.WriteInt64LittleEndian(footer, documentsIn);
        BinaryPrimitives.WriteInt64LittleEndian(footer.AsSpan(CountBytes), documentsOut);
        BinaryPrimitives.WriteInt64LittleEndian(footer.AsSpan(2 * CountBytes), bytesOut);
        for (var i = 0; i < Sections; i++)
        {
            var content = section((ChunkSection)i).Span;
            stream.Write(content);
            var entry = Entry(footer, i);
            BinaryPrimitives.WriteInt64LittleEndian(entry, content.Length);
            SHA256.HashData(content, entry[CountBytes..]);
        }

        Magic.CopyTo(footer, FooterBytes - Magic.Length);
        stream.Write(footer);
    });

    /// <summary>Whether a chunk's result is there, whole by its footer.</summary>
    /// <param name="path">The file.</param>
    public static bool Exists(string path)
    {
        if (!File.Exists(path)) return false;
        try
        {
            Open(path);
            return true;
        }
        catch (CoppiceException)
        {
            return false;
        }
    }

    /// <summary>Opens a chunk's result. Nothing but the footer is read yet.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CoppiceException">It can't be read or is damaged.</exception>
    public static ChunkFile Open(string path)
    {
        try
        {
            using var file = File.OpenHandle(path);
            var length = RandomAccess.GetLength(file);
            var footer = new byte[FooterBytes];
            if (length < FooterBytes || !PositionedRead.Fill(file, footer, length - FooterBytes) || !footer.AsSpan().EndsWith(Magic)) throw Damaged(path);
            var starts = new long[Sections + 1];
            for (var i = 0; i < Sections; i++)
            {
                var size = BinaryPrimitives.ReadInt64LittleEndian(Entry(footer, i));
                if (size < 0 || size > length - FooterBytes - starts[i]) throw Damaged(path);
                starts[i + 1] = starts[i] + size;
            }

            return starts[Sections] == length - FooterBytes ? new ChunkFile(path, footer, starts) : throw Damaged(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{path}: can't be read: {error.Message}", inner: error);
        }
    }

    /// <summary>The bytes of a section.</summary>
    /// <param name="section">Which.</param>
    /// <exception cref="CoppiceException">It is damaged.</exception>
    public byte[] Read(ChunkSection section)
    {
        var bytes = new byte[checked((int)Length(section))];
        Fill(section, bytes);
        return bytes;
    }

    /// <summary>The bytes of a section, in a buffer that is used again: whoever goes through all chunks would otherwise take as much memory as they have.</summary>
    /// <param name="section">Which.</param>
    /// <param name="buffer">The buffer, replaced where it is too small.</param>
    /// <exception cref="CoppiceException">It is damaged.</exception>
    public ReadOnlyMemory<byte> Read(ChunkSection section, ref byte[] buffer)
    {
        var length = checked((int)Length(section));
        if (buffer.Length < length) buffer = GC.AllocateUninitializedArray<byte>((int)Math.Min(Array.MaxLength, length * 5L / 4));
        Fill(section, buffer.AsSpan(0, length));
        return buffer.AsMemory(0, length);
    }

    /// <summary>How many bytes a section has.</summary>
    /// <param name="section">Which.</param>
    public long Length(ChunkSection section) => _starts[(int)section + 1] - _starts[(int)section];

    /// <summary>The SHA-256 of a section.</summary>
    /// <param name="section">Which.</param>
    public ReadOnlySpan<byte> Digest(ChunkSection section) => Entry(_footer, (int)section).Slice(CountBytes, DigestBytes);

    /// <summary>Where the documents of a stage that is not the last lie.</summary>
    public DocumentBlock[] ReadBlocks() => MemoryMarshal.Cast<byte, DocumentBlock>(Read(ChunkSection.Blocks)).ToArray();

    /// <summary>One document of a stage that is not the last.</summary>
    /// <param name="blocks">What <see cref="ReadBlocks"/> read.</param>
    /// <param name="place">Its place among those that were kept.</param>
    public Document ReadDocument(DocumentBlock[] blocks, int place)
    {
        var number = Array.FindLastIndex(blocks, block => block.Place <= place);
        var end = number + 1 < blocks.Length ? blocks[number + 1].Offset : (int)Length(ChunkSection.Documents);
        var member = new byte[end - blocks[number].Offset];
        ReadRange(ChunkSection.Documents, blocks[number].Offset, member);
        using var lines = new Utf8LineReader(new GZipStream(new MemoryStream(member), CompressionMode.Decompress), Array.MaxLength);
        for (var before = place - blocks[number].Place; lines.Read(); before--)
        {
            if (before == 0) return DocumentLines.Parse(lines.Line);
        }

        throw Damaged(_path);
    }

    /// <summary>The bytes of a section that is gzip members, decompressed.</summary>
    /// <param name="section">Which.</param>
    public Stream Decompress(ChunkSection section)
    {
        var member = Read(section);
        return member.Length == 0 ? Stream.Null : new GZipStream(new MemoryStream(member), CompressionMode.Decompress);
    }

    /// <summary>The ids of the documents that were kept, of a stage that is not the last.</summary>
    public string[] ReadIds()
    {
        using var input = new BinaryReader(new MemoryStream(Read(ChunkSection.Ids)));
        var ids = new string[DocumentsOut];
        for (var i = 0; i < ids.Length; i++) ids[i] = input.ReadString();
        return ids;
    }

    /// <summary>The documents that were kept, of a stage that is not the last.</summary>
    public IEnumerable<Document> Documents() => DocumentLines.ReadAll(Decompress(ChunkSection.Documents));

    /// <summary>The same by member: its bytes, how many documents it has, and they.</summary>
    public IEnumerable<(ReadOnlyMemory<byte> Bytes, int Count, IEnumerable<Document> Documents)> Members()
    {
        var (all, blocks) = (Read(ChunkSection.Documents), ReadBlocks());
        for (var i = 0; i < blocks.Length; i++)
        {
            var (start, end) = (blocks[i].Offset, i + 1 < blocks.Length ? blocks[i + 1].Offset : all.Length);
            var count = (i + 1 < blocks.Length ? blocks[i + 1].Place : (int)DocumentsOut) - blocks[i].Place;
            yield return (all.AsMemory(start, end - start), count, ReadMember(all, start, end - start));
        }
    }

    // Nothing is decompressed before somebody wants it.
    private static IEnumerable<Document> ReadMember(byte[] all, int start, int length)
    {
        using var lines = new GZipStream(new MemoryStream(all, start, length), CompressionMode.Decompress);
        foreach (var document in DocumentLines.ReadAll(lines)) yield return document;
    }

    // There are very many of these files, and one that a loss of power cut off is made again: none waits until the disk has it.
    private static void WriteUnflushed(string path, Action<Stream> write)
    {
        try
        {
            AtomicFile.Write(path, write, toDisk: false);
        }
        catch (CoppiceException error)
        {
            throw new CoppiceException($"{error.Message} What is done is kept: make room and start the same command again.", inner: error.InnerException);
        }
    }

    private void Fill(ChunkSection section, Span<byte> bytes)
    {
        ReadRange(section, 0, bytes);
        Span<byte> digest = stackalloc byte[DigestBytes];
        SHA256.HashData(bytes, digest);
        if (!digest.SequenceEqual(Digest(section))) throw Damaged(_path);
    }

    private void ReadRange(ChunkSection section, int offset, Span<byte> bytes)
    {
        try
        {
            using var file = File.OpenHandle(_path);
            if (!PositionedRead.Fill(file, bytes, _starts[(int)section] + offset)) throw Damaged(_path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{_path}: can't be read: {error.Message}", inner: error);
        }
    }

    private long Count(int number) => BinaryPrimitives.ReadInt64LittleEndian(_footer.AsSpan(number * CountBytes));

    private static Span<byte> Entry(byte[] footer, int section) => footer.AsSpan((3 * CountBytes) + (section * (CountBytes + DigestBytes)), CountBytes + DigestBytes);

    private static CoppiceException Damaged(string path) => new($"{path}: damaged. Delete it and start the same command again; what is missing is made anew.");
}

/// <summary>A member of a chunk's documents.</summary>
/// <param name="Place">The place in the chunk of its first document.</param>
/// <param name="Offset">Where it begins, in bytes.</param>
internal readonly record struct DocumentBlock(int Place, int Offset);
