using System.Buffers.Binary;
using System.Security.Cryptography;
using Coppice.Foundation;

namespace Coppice.Corpus;

/// <summary>
/// The first bytes of a token store file. All numbers are little-endian.
/// <code>
/// offset  size
///      0     8  magic "CPTOKENS"
///      8     4  version, 1
///     12     4  bytes a token: 2 where the vocabulary has at most 65,536 ids, otherwise 4
///     16     8  vocabulary size
///     24     8  tokens
///     32     8  documents
///     40     8  UTF-8 bytes of the documents' text
///     48     4  begin-of-text id, or -1
///     52     4  end-of-text id, or -1
///     56     4  sources
///     60     4  bytes of the names section
///     64    32  SHA-256 of everything after the header
///     96    32  SHA-256 of bytes 0 to 95
///    128        tokens, padded with zeros to a multiple of 8 bytes
///               document starts: (documents + 1) x int64, in tokens; the last one is the number of tokens
///               document text lengths: documents x int64, in UTF-8 bytes
///               document sources: documents x int32
///               names: the tokenizer's fingerprint, then each source's name, each as int32 length and UTF-8 bytes
/// </code>
/// </summary>
internal readonly record struct TokenStoreHeader(
    int TokenBytes, int VocabularySize, long Tokens, long Documents, long TextBytes, int BeginOfText, int EndOfText, int Sources, int NamesBytes)
{
    public const int Length = 128;
    private const int HashOffset = 96;
    private const int Version = 1;
    private static ReadOnlySpan<byte> Magic => "CPTOKENS"u8;

    /// <summary>Bytes of the tokens with their padding.</summary>
    public long TokenSectionBytes => (Tokens * TokenBytes + 7) / 8 * 8;

    /// <summary>Bytes of the document index.</summary>
    public long IndexBytes => (Documents + 1) * sizeof(long) + Documents * (sizeof(long) + sizeof(int));

    /// <summary>The file's length.</summary>
    public long FileLength => Length + TokenSectionBytes + IndexBytes + NamesBytes;

    /// <summary>The width of a token: the smallest that holds the largest id.</summary>
    /// <param name="vocabularySize">One more than the largest id.</param>
    public static int TokenBytesFor(int vocabularySize) => vocabularySize <= 1 << 16 ? sizeof(ushort) : sizeof(uint);

    /// <summary>Writes the header.</summary>
    /// <param name="bytes"><see cref="Length"/> bytes.</param>
    /// <param name="contentHash">SHA-256 of everything after the header.</param>
    public void Write(Span<byte> bytes, ReadOnlySpan<byte> contentHash)
    {
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[12..], TokenBytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], VocabularySize);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[24..], Tokens);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[32..], Documents);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[40..], TextBytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[48..], BeginOfText);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[52..], EndOfText);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[56..], Sources);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[60..], NamesBytes);
        contentHash.CopyTo(bytes[64..]);
        SHA256.HashData(bytes[..HashOffset], bytes[HashOffset..]);
    }

    /// <summary>Reads and checks a header; nothing of it is believed before.</summary>
    /// <param name="bytes"><see cref="Length"/> bytes.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="fileLength">The file's length.</param>
    /// <exception cref="CoppiceException">The header is not one, is damaged, or does not fit the file.</exception>
    public static TokenStoreHeader Read(ReadOnlySpan<byte> bytes, string path, long fileLength)
    {
        if (!bytes.StartsWith(Magic)) throw new CoppiceException($"{path}: this is no token store (its first bytes are others). Build it again.");
        var version = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        if (version != Version)
        {
            throw new CoppiceException(FormattableString.Invariant(
                $"{path}: the token store has version {version}; this program reads version {Version}. Build it again."));
        }

        if (!SHA256.HashData(bytes[..HashOffset]).AsSpan().SequenceEqual(bytes[HashOffset..Length]))
        {
            throw Damaged(path, "its header does not match its checksum");
        }

        var vocabulary = BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]);
        if (vocabulary is < 1 or > int.MaxValue) throw Damaged(path, "its vocabulary size is impossible");
        var header = new TokenStoreHeader(
            BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]),
            (int)vocabulary,
            BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[40..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[48..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[52..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[56..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[60..]));
        header.Check(path, fileLength);
        return header;
    }

    /// <summary>The error for a file that is not what was written.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">What is wrong with it.</param>
    public static CoppiceException Damaged(string path, string what) => new($"{path}: the token store is damaged or cut off: {what}. Build it again.");

    // The checksum says that these are the numbers that were written; a hostile file can have a checksum too.
    private void Check(string path, long fileLength)
    {
        if (TokenBytes != TokenBytesFor(VocabularySize)) throw Damaged(path, "its token width does not fit its vocabulary");
        if (Tokens < 1 || Tokens > fileLength / TokenBytes) throw Damaged(path, "its number of tokens does not fit the file");
        if (Documents < 1 || Documents > fileLength / sizeof(long)) throw Damaged(path, "its number of documents does not fit the file");
        if (Sources < 1 || Sources > Documents) throw Damaged(path, "its number of sources is impossible");
        if (TextBytes < 0 || NamesBytes < sizeof(int) || NamesBytes > fileLength) throw Damaged(path, "its sizes are impossible");
        if (BeginOfText < -1 || BeginOfText >= VocabularySize || EndOfText < -1 || EndOfText >= VocabularySize)
        {
            throw Damaged(path, "its special ids lie outside its vocabulary");
        }

        if (FileLength != fileLength)
        {
            throw Damaged(path, FormattableString.Invariant($"it has {fileLength} bytes where its header says {FileLength}"));
        }
    }
}
