using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Coppice.Foundation;
using Coppice.Tokenizers;

namespace Coppice.Corpus;

/// <summary>Documents to a token store file, encoded by several threads. The file's bytes don't depend on how many.</summary>
public static class TokenStoreWriter
{
    private const int ChunkCharacters = 1 << 18;

    /// <summary>Encodes documents and writes them as a token store. Memory: a few chunks a thread, and 20 bytes a document.</summary>
    /// <param name="documents">The documents; read once, on the calling thread.</param>
    /// <param name="tokenizer">The tokenizer; its encoder is called by several threads.</param>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="threads">How many threads encode, at least 1.</param>
    /// <param name="cancellation">Stops between two chunks; no file is left.</param>
    /// <returns>The store, opened.</returns>
    /// <exception cref="CoppiceException">There is no text, a document can't be encoded, or the file can't be written.</exception>
    public static TokenStore Build(
        IEnumerable<Document> documents, ITokenizer tokenizer, string path, int threads = 1, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        AtomicFile.Write(path, stream => Write(documents, tokenizer, path, stream, threads, cancellation));
        return TokenStore.Open(path);
    }

    /// <summary>Encodes documents as <see cref="Build"/> does, each as often as its weight says; see <see cref="WeightedDocuments"/>.</summary>
    /// <param name="documents">The documents; read once, on the calling thread.</param>
    /// <param name="seed">See <see cref="WeightedDocuments.TimesOf"/>.</param>
    /// <param name="tokenizer">The tokenizer; its encoder is called by several threads.</param>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="threads">How many threads encode, at least 1.</param>
    /// <param name="cancellation">Stops between two chunks; no file is left.</param>
    /// <returns>The store, opened.</returns>
    /// <exception cref="CoppiceException">There is no text, a document can't be encoded, a weight is out of range, or the file can't be written.</exception>
    public static TokenStore BuildWeighted(
        IEnumerable<Document> documents, ulong seed, ITokenizer tokenizer, string path, int threads = 1, CancellationToken cancellation = default)
    {
        var times = new List<int>();
        var repeated = path + ".weighted";
        var once = Build(documents.Where(Comes), tokenizer, path, threads, cancellation);
        if (times.TrueForAll(count => count == 1)) return once;
        using (once) Copy(once, [.. WeightedDocuments.InRounds(times)], repeated).Dispose();
        File.Move(repeated, path, overwrite: true);
        return TokenStore.Open(path);

        bool Comes(Document document)
        {
            var count = WeightedDocuments.TimesOf(document, seed);
            if (count > 0) times.Add(count);
            return count > 0;
        }
    }

    /// <summary>Writes documents of a store as a store of their own.</summary>
    /// <param name="store">The store.</param>
    /// <param name="documents">The documents' numbers, in the order in which they are written; at least one, and one as often as it is wanted.</param>
    /// <param name="path">The file to create or replace: another one than the store's.</param>
    /// <returns>The new store, opened.</returns>
    /// <exception cref="CoppiceException">There is no document or none with a token, or the file can't be written.</exception>
    public static TokenStore Copy(TokenStore store, IReadOnlyList<int> documents, string path)
    {
        AtomicFile.Write(path, stream => Copy(store, documents, path, stream));
        return TokenStore.Open(path);
    }

    private static void Copy(TokenStore store, IReadOnlyList<int> documents, string path, Stream stream)
    {
        var output = new HashingWriter(stream, TokenStoreHeader.TokenBytesFor(store.VocabularySize));
        var index = new DocumentIndex();
        stream.Write(new byte[TokenStoreHeader.Length]);
        var origin = new Origin(store.VocabularySize, store.BeginOfText, store.EndOfText, store.TokenizerFingerprint);
        var ids = new int[1 << 14];
        foreach (var document in documents)
        {
            var start = store.DocumentStart(document);
            // What closes the stream stands behind its last document, and belongs to none.
            var end = origin.Closing is not null && document == store.DocumentCount - 1 ? store.TokenCount - 1 : store.DocumentStart(document + 1);
            index.Add(index.Starts[^1] + end - start, store.DocumentBytes(document), store.Sources[store.DocumentSource(document)].Name);
            for (; start < end; start += ids.Length)
            {
                var part = ids.AsSpan(0, (int)Math.Min(ids.Length, end - start));
                store.Read(start, part);
                output.WriteTokens(part);
            }
        }

        Finish(path, stream, output, index, origin);
    }

    private static void Write(
        IEnumerable<Document> documents, ITokenizer tokenizer, string path, Stream stream, int threads, CancellationToken cancellation)
    {
        var encoder = new DocumentEncoder(tokenizer);
        var output = new HashingWriter(stream, TokenStoreHeader.TokenBytesFor(tokenizer.VocabularySize));
        var index = new DocumentIndex();
        stream.Write(new byte[TokenStoreHeader.Length]);
        foreach (var chunk in Encode(documents, encoder, threads, cancellation))
        {
            var start = index.Starts[^1];
            for (var i = 0; i < chunk.Documents.Count; i++)
            {
                index.Add(start + chunk.Ends[i], chunk.TextBytes[i], chunk.Documents[i].Source);
            }

            output.WriteTokens(CollectionsMarshal.AsSpan(chunk.Ids));
        }

        Finish(path, stream, output, index, new Origin(tokenizer.VocabularySize, tokenizer.BeginOfText, tokenizer.EndOfText, tokenizer.Fingerprint));
    }

    // Closes the stream of tokens and writes what stands behind it, then the header that vouches for both.
    private static void Finish(string path, Stream stream, HashingWriter output, DocumentIndex index, Origin origin)
    {
        if (index.SourceNumbers.Count > 0 && origin.Closing is { } closing)
        {
            output.WriteTokens([closing]);
            index.Starts[^1]++;
        }

        var tokens = index.Starts[^1];
        if (tokens == 0) throw new CoppiceException($"{path}: there is no text to encode. Give at least one document with text.");
        output.Pad((int)(-tokens * output.TokenBytes & 7));
        output.Write(index.Starts);
        output.Write(index.TextBytes);
        output.Write(index.SourceNumbers);
        var names = Names([origin.TokenizerFingerprint, .. index.SourceNames]);
        output.Write(names);

        var header = new TokenStoreHeader(
            output.TokenBytes, origin.VocabularySize, tokens, index.SourceNumbers.Count, index.TextBytes.Sum(),
            origin.BeginOfText ?? -1, origin.EndOfText ?? -1, index.SourceNames.Count, names.Length);
        var bytes = new byte[TokenStoreHeader.Length];
        header.Write(bytes, output.Hash());
        stream.Position = 0;
        stream.Write(bytes);
    }

    // Chunks are encoded side by side and come out in the order of their documents.
    private static IEnumerable<Chunk> Encode(
        IEnumerable<Document> documents, DocumentEncoder encoder, int threads, CancellationToken cancellation)
    {
        var scheduler = new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, threads).ConcurrentScheduler;
        var running = new Queue<Task<Chunk>>();
        var free = new Stack<Chunk>();
        try
        {
            foreach (var filled in Fill(documents, free))
            {
                cancellation.ThrowIfCancellationRequested();
                running.Enqueue(Task.Factory.StartNew(() => filled.Encode(encoder), cancellation, TaskCreationOptions.None, scheduler));
                if (running.Count < 2 * threads) continue;
                var done = running.Dequeue().GetAwaiter().GetResult();
                yield return done;
                done.Clear();
                free.Push(done);
            }

            while (running.TryDequeue(out var last)) yield return last.GetAwaiter().GetResult();
        }
        finally
        {
            // After an error the others still use the caller's tokenizer: none of them may outlive this call.
            Task.WhenAll(running.Cast<Task>()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
        }
    }

    private static IEnumerable<Chunk> Fill(IEnumerable<Document> documents, Stack<Chunk> free)
    {
        Chunk? chunk = null;
        foreach (var document in documents)
        {
            chunk ??= free.TryPop(out var reused) ? reused : new Chunk();
            chunk.Add(document);
            if (chunk.Characters < ChunkCharacters) continue;
            yield return chunk;
            chunk = null;
        }

        if (chunk is not null) yield return chunk;
    }

    private static byte[] Names(IEnumerable<string> names)
    {
        using var bytes = new MemoryStream();
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (var name in names)
        {
            var utf8 = Encoding.UTF8.GetBytes(name);
            BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
            bytes.Write(length);
            bytes.Write(utf8);
        }

        return bytes.ToArray();
    }

    // What a store remembers of the tokenizer that made it.
    private sealed record Origin(int VocabularySize, int? BeginOfText, int? EndOfText, string TokenizerFingerprint)
    {
        public int? Closing => BeginOfText == EndOfText ? BeginOfText : null;
    }

    private sealed class Chunk
    {
        public List<Document> Documents { get; } = [];

        public List<int> Ids { get; } = [];

        public List<int> Ends { get; } = [];

        public List<long> TextBytes { get; } = [];

        public long Characters { get; private set; }

        public void Add(Document document)
        {
            Documents.Add(document);
            Characters += document.Text.Length;
        }

        public void Clear()
        {
            Documents.Clear();
            Ids.Clear();
            Ends.Clear();
            TextBytes.Clear();
            Characters = 0;
        }

        public Chunk Encode(DocumentEncoder encoder)
        {
            foreach (var document in Documents)
            {
                encoder.Append(document, Ids);
                Ends.Add(Ids.Count);
                TextBytes.Add(Encoding.UTF8.GetByteCount(document.Text));
            }

            return this;
        }
    }

    private sealed class HashingWriter(Stream stream, int tokenBytes)
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly byte[] _buffer = new byte[1 << 16];

        public int TokenBytes => tokenBytes;

        public void WriteTokens(ReadOnlySpan<int> ids)
        {
            var capacity = _buffer.Length / tokenBytes;
            for (; !ids.IsEmpty; ids = ids[Math.Min(capacity, ids.Length)..])
            {
                var part = ids[..Math.Min(capacity, ids.Length)];
                if (tokenBytes == sizeof(ushort))
                {
                    for (var i = 0; i < part.Length; i++) BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(2 * i), (ushort)part[i]);
                }
                else
                {
                    for (var i = 0; i < part.Length; i++) BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(4 * i), part[i]);
                }

                Write(_buffer.AsSpan(0, part.Length * tokenBytes));
            }
        }

        public void Write(List<long> numbers)
        {
            foreach (var number in numbers)
            {
                BinaryPrimitives.WriteInt64LittleEndian(_buffer, number);
                Write(_buffer.AsSpan(0, sizeof(long)));
            }
        }

        public void Write(List<int> numbers)
        {
            foreach (var number in numbers)
            {
                BinaryPrimitives.WriteInt32LittleEndian(_buffer, number);
                Write(_buffer.AsSpan(0, sizeof(int)));
            }
        }

        public void Pad(int bytes) => Write(new byte[bytes]);

        public void Write(ReadOnlySpan<byte> bytes)
        {
            _hash.AppendData(bytes);
            stream.Write(bytes);
        }

        public byte[] Hash() => _hash.GetHashAndReset();
    }
}
