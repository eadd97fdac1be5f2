using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Coppice.Foundation;
using Coppice.Tokenizers;
using Microsoft.Win32.SafeHandles;

namespace Coppice.Corpus;

/// <summary>
/// Tokens of many documents in one run, on the disk or in memory, with an index of the documents. Thread-safe.
/// A file's tokens are read where they are needed and stay in the operating system's cache, so a store may be larger than memory; positioned
/// reads rather than a mapping, because a mapped file that someone cuts off kills the process, whereas a read reports it. Numbers are read as
/// they lie in the file, so the machine must be little-endian.
/// </summary>
public sealed class TokenStore : IDisposable
{
    private const int WidenedBytes = 8192;
    private readonly SafeFileHandle? _file;
    private readonly int[] _tokens = [];
    private readonly int _tokenBytes;
    private readonly string _name;
    private readonly long[] _starts;
    private readonly long[] _textBytes;
    private readonly int[] _documentSources;

    private TokenStore(
        string name, SafeFileHandle? file, int[] tokens, TokenStoreHeader header, string fingerprint, string tokenizerFingerprint,
        long[] starts, long[] textBytes, int[] documentSources, string[] sourceNames)
    {
        _name = name;
        _file = file;
        _tokens = tokens;
        _tokenBytes = header.TokenBytes;
        _starts = starts;
        _textBytes = textBytes;
        _documentSources = documentSources;
        VocabularySize = header.VocabularySize;
        ByteCount = header.TextBytes;
        BeginOfText = header.BeginOfText < 0 ? null : header.BeginOfText;
        EndOfText = header.EndOfText < 0 ? null : header.EndOfText;
        Fingerprint = fingerprint;
        TokenizerFingerprint = tokenizerFingerprint;
        Sources = CountSources(starts, textBytes, documentSources, sourceNames);
    }

    /// <summary>SHA-256 over everything the store holds: equal for equal documents and tokenizers (but a file and a store in memory differ).</summary>
    public string Fingerprint { get; }

    /// <summary>The fingerprint of the tokenizer that made the tokens. A model must be trained with that one.</summary>
    public string TokenizerFingerprint { get; }

    /// <summary>One more than the largest token id there can be.</summary>
    public int VocabularySize { get; }

    /// <summary>The id in front of each document, or null.</summary>
    public int? BeginOfText { get; }

    /// <summary>The id after each document (where it differs from <see cref="BeginOfText"/>), or null.</summary>
    public int? EndOfText { get; }

    /// <summary>Tokens, the special ones included.</summary>
    public long TokenCount => _starts[^1];

    /// <summary>Documents.</summary>
    public int DocumentCount => _documentSources.Length;

    /// <summary>UTF-8 bytes of the documents' text: what bits per byte are counted by.</summary>
    public long ByteCount { get; }

    /// <summary>The sources with what each has here.</summary>
    public IReadOnlyList<TokenStoreSource> Sources { get; }

    /// <summary>Opens a store file. Every size in it is checked against the file before it is used, and all content against its checksum.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CoppiceException">The file is missing, is no token store, or is damaged: the message names it.</exception>
    public static TokenStore Open(string path)
    {
        SafeFileHandle? file = null;
        try
        {
            file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);
            return Read(path, file);
        }
        catch (Exception error) when (error is CoppiceException or IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            throw error switch
            {
                CoppiceException => error,
                FileNotFoundException or DirectoryNotFoundException =>
                    new CoppiceException($"{path}: there is no such token store. Check the spelling, or build it.", inner: error),
                _ => new CoppiceException($"{path}: can't be read: {error.Message}", inner: error),
            };
        }
    }

    /// <summary>Encodes documents into a store in memory, for text that is evaluated or trained on once.</summary>
    /// <param name="documents">The documents.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <exception cref="CoppiceException">There is no text, or a document can't be encoded.</exception>
    public static TokenStore InMemory(IEnumerable<Document> documents, ITokenizer tokenizer)
    {
        var encoder = new DocumentEncoder(tokenizer);
        var index = new DocumentIndex();
        List<int> ids = [];
        foreach (var document in documents)
        {
            encoder.Append(document, ids);
            index.Add(ids.Count, Encoding.UTF8.GetByteCount(document.Text), document.Source);
        }

        if (ids.Count == 0) throw new CoppiceException("There is no text to encode. Give at least one document with text.");
        if (encoder.Closing is { } closing)
        {
            ids.Add(closing);
            index.Starts[^1]++;
        }

        var tokens = ids.ToArray();
        var header = new TokenStoreHeader(
            sizeof(int), tokenizer.VocabularySize, tokens.Length, index.SourceNumbers.Count, index.TextBytes.Sum(),
            tokenizer.BeginOfText ?? -1, tokenizer.EndOfText ?? -1, index.SourceNames.Count, 0);
        var fingerprint = Checksum.Of(
            Checksum.Of(MemoryMarshal.AsBytes(tokens.AsSpan()))
            + Checksum.Of(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(index.Starts)))
            + tokenizer.Fingerprint);
        return new TokenStore(
            "text in memory", null, tokens, header, fingerprint, tokenizer.Fingerprint,
            [.. index.Starts], [.. index.TextBytes], [.. index.SourceNumbers], [.. index.SourceNames]);
    }

    /// <summary>Reads a run of tokens.</summary>
    /// <param name="start">The first token's place.</param>
    /// <param name="destination">Takes as many tokens as it has room for.</param>
    /// <exception cref="ArgumentOutOfRangeException">The run is not inside the store.</exception>
    /// <exception cref="CoppiceException">The file was changed or cut off since it was opened.</exception>
    public void Read(long start, Span<int> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, TokenCount - destination.Length);
        if (_file is null)
        {
            _tokens.AsSpan((int)start, destination.Length).CopyTo(destination);
            return;
        }

        var offset = TokenStoreHeader.Length + start * _tokenBytes;
        if (_tokenBytes == sizeof(int))
        {
            ReadExactly(_file, offset, MemoryMarshal.AsBytes(destination), _name);
            return;
        }

        Span<byte> narrow = stackalloc byte[WidenedBytes];
        while (!destination.IsEmpty)
        {
            var count = Math.Min(destination.Length, WidenedBytes / sizeof(ushort));
            var bytes = narrow[..(count * sizeof(ushort))];
            ReadExactly(_file, offset, bytes, _name);
            var ids = MemoryMarshal.Cast<byte, ushort>(bytes);
            for (var i = 0; i < ids.Length; i++) destination[i] = ids[i];
            destination = destination[count..];
            offset += bytes.Length;
        }
    }

    /// <summary>The document that a token belongs to.</summary>
    /// <param name="position">The token's place.</param>
    public int DocumentAt(long position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, TokenCount);
        var found = Array.BinarySearch(_starts, position);
        if (found < 0) return ~found - 1;

        // Documents without tokens start where the next one does: the token belongs to the last of them.
        while (_starts[found + 1] == position) found++;
        return found;
    }

    /// <summary>Where a document begins; for <see cref="DocumentCount"/>, the number of tokens.</summary>
    /// <param name="document">The document's number.</param>
    public long DocumentStart(int document) => _starts[document];

    /// <summary>Where the tokens of a document's text are: without the special ones around it.</summary>
    /// <param name="document">The document's number.</param>
    /// <returns>The first token's place, and the place after the last one.</returns>
    public (long Start, long End) DocumentText(int document)
    {
        // Laid out as DocumentEncoder says: an end that is the begin stands behind the last document alone.
        var (start, end) = (_starts[document], _starts[document + 1]);
        if (BeginOfText is not null) start = Math.Min(start + 1, end);
        if (EndOfText is not null && (EndOfText != BeginOfText || document == DocumentCount - 1)) end = Math.Max(start, end - 1);
        return (start, end);
    }

    /// <summary>The tokens of a document's text as a stream, however long it is.</summary>
    /// <param name="document">The document's number.</param>
    public IEnumerable<int> ReadText(int document)
    {
        var (start, end) = DocumentText(document);
        var buffer = new int[Math.Min(4096, end - start)];
        for (; start < end; start += buffer.Length)
        {
            var count = (int)Math.Min(buffer.Length, end - start);
            Read(start, buffer.AsSpan(0, count));
            for (var i = 0; i < count; i++) yield return buffer[i];
        }
    }

    /// <summary>UTF-8 bytes of a document's text.</summary>
    /// <param name="document">The document's number.</param>
    public long DocumentBytes(int document) => _textBytes[document];

    /// <summary>The source of a document: an index into <see cref="Sources"/>.</summary>
    /// <param name="document">The document's number.</param>
    public int DocumentSource(int document) => _documentSources[document];

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private static TokenStore Read(string path, SafeFileHandle file)
    {
        var length = RandomAccess.GetLength(file);
        if (length < TokenStoreHeader.Length)
        {
            throw new CoppiceException($"{path}: this is no token store (it is shorter than a header). Build it again.");
        }

        var headerBytes = new byte[TokenStoreHeader.Length];
        ReadExactly(file, 0, headerBytes, path);
        var header = TokenStoreHeader.Read(headerBytes, path, length);
        CheckContent(path, file, length, headerBytes.AsSpan(64, SHA256.HashSizeInBytes));

        // The sizes fit the file's length, so these arrays are no larger than the file.
        var offset = TokenStoreHeader.Length + header.TokenSectionBytes;
        var starts = ReadNumbers<long>(path, file, ref offset, header.Documents + 1);
        var textBytes = ReadNumbers<long>(path, file, ref offset, header.Documents);
        var documentSources = ReadNumbers<int>(path, file, ref offset, header.Documents);
        var names = ReadNames(path, ReadNumbers<byte>(path, file, ref offset, header.NamesBytes), header.Sources + 1);
        CheckIndex(path, header, starts, textBytes, documentSources);
        var store = new TokenStore(
            path, file, [], header, Checksum.Of(headerBytes), names[0], starts, textBytes, documentSources, names[1..]);
        store.CheckTokens();
        return store;
    }

    private static void CheckContent(string path, SafeFileHandle file, long length, ReadOnlySpan<byte> expected)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 18];
        for (long offset = TokenStoreHeader.Length; offset < length;)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - offset));
            ReadExactly(file, offset, part, path);
            hash.AppendData(part);
            offset += part.Length;
        }

        if (!hash.GetHashAndReset().AsSpan().SequenceEqual(expected))
        {
            throw TokenStoreHeader.Damaged(path, "its content does not match its checksum");
        }
    }

    private static void CheckIndex(string path, TokenStoreHeader header, long[] starts, long[] textBytes, int[] documentSources)
    {
        var ascending = starts[0] == 0 && starts[^1] == header.Tokens;
        for (var i = 1; i < starts.Length; i++) ascending &= starts[i] >= starts[i - 1];
        if (!ascending) throw TokenStoreHeader.Damaged(path, "its document starts are out of order");
        var sum = 0L;
        foreach (var bytes in textBytes)
        {
            if (bytes < 0 || bytes > header.TextBytes - sum) throw TokenStoreHeader.Damaged(path, "its text lengths are impossible");
            sum += bytes;
        }

        if (sum != header.TextBytes) throw TokenStoreHeader.Damaged(path, "its text lengths don't add up");
        foreach (var source in documentSources)
        {
            if ((uint)source >= (uint)header.Sources) throw TokenStoreHeader.Damaged(path, "a document has a source that is not there");
        }
    }

    private static string[] ReadNames(string path, ReadOnlySpan<byte> bytes, int count)
    {
        var names = new string[count];
        for (var i = 0; i < count; i++)
        {
            if (bytes.Length < sizeof(int)) throw TokenStoreHeader.Damaged(path, "its names are cut off");
            var length = BinaryPrimitives.ReadInt32LittleEndian(bytes);
            bytes = bytes[sizeof(int)..];
            if (length < 0 || length > bytes.Length) throw TokenStoreHeader.Damaged(path, "its names are cut off");
            names[i] = Encoding.UTF8.GetString(bytes[..length]);
            bytes = bytes[length..];
        }

        return bytes.IsEmpty ? names : throw TokenStoreHeader.Damaged(path, "its names are longer than they say");
    }

    private static T[] ReadNumbers<T>(string path, SafeFileHandle file, ref long offset, long count)
        where T : unmanaged
    {
        if (count > Array.MaxLength) throw TokenStoreHeader.Damaged(path, "it has more documents than this program can index");
        var numbers = new T[count];
        var bytes = MemoryMarshal.AsBytes(numbers.AsSpan());
        ReadExactly(file, offset, bytes, path);
        offset += bytes.Length;
        return numbers;
    }

    private static void ReadExactly(SafeFileHandle file, long offset, Span<byte> destination, string path)
    {
        if (!PositionedRead.Fill(file, destination, offset)) throw TokenStoreHeader.Damaged(path, "it ends early");
    }

    // An id outside the vocabulary would index past the end of an embedding.
    private void CheckTokens()
    {
        if (_tokenBytes == sizeof(ushort) && VocabularySize > ushort.MaxValue) return;
        var buffer = new int[1 << 14];
        for (long start = 0; start < TokenCount; start += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, TokenCount - start));
            Read(start, part);
            foreach (var id in part)
            {
                if ((uint)id >= (uint)VocabularySize) throw TokenStoreHeader.Damaged(_name, "it holds an id outside its vocabulary");
            }
        }
    }

    private static TokenStoreSource[] CountSources(long[] starts, long[] textBytes, int[] documentSources, string[] names)
    {
        var documents = new long[names.Length];
        var tokens = new long[names.Length];
        var bytes = new long[names.Length];
        for (var i = 0; i < documentSources.Length; i++)
        {
            documents[documentSources[i]]++;
            tokens[documentSources[i]] += starts[i + 1] - starts[i];
            bytes[documentSources[i]] += textBytes[i];
        }

        return [.. names.Select((name, i) => new TokenStoreSource(name, documents[i], tokens[i], bytes[i]))];
    }
}

/// <summary>What one source has in a token store.</summary>
/// <param name="Name">The source's name.</param>
/// <param name="Documents">Documents.</param>
/// <param name="Tokens">Tokens, the special ones included.</param>
/// <param name="Bytes">UTF-8 bytes of the documents' text.</param>
public sealed record TokenStoreSource(string Name, long Documents, long Tokens, long Bytes);
