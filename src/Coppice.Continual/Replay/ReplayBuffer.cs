using System.Text;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Tokenizers;

namespace Coppice.Continual.Replay;

/// <summary>
/// A uniform sample of all documents that a model and its ancestors were trained on, within a budget of bytes: what updates replay when the old text is gone.
/// </summary>
/// <remarks>
/// <para>A document's key is a random function of the seed and its text, and each source keeps its documents with the smallest keys, up to the first that
/// doesn't fit its quota (passing over it would favour short documents). The quota is one level for all sources, the highest at which the sum over sources of
/// the smaller of level and size is within the budget: sources share equally, and what a small one doesn't need goes to the others.</para>
/// <para>So what is kept depends on the set of documents alone, not on their order, nor on what was cut off in between: more documents only lower the level,
/// so that a document that was cut off once would be cut off from the whole set too. A text that a source has twice counts once.</para>
/// </remarks>
[Technique("reservoir", Title = "Random Sampling with a Reservoir", Paper = "doi:10.1145/3147.3165")]
public sealed class ReplayBuffer
{
    private readonly SortedDictionary<string, Reservoir> _sources = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _heldOut = new(StringComparer.Ordinal);

    private ReplayBuffer(long budgetBytes, ulong seed)
    {
        if (budgetBytes < 1) throw CoppiceException.Usage(FormattableString.Invariant($"The replay budget is {budgetBytes} bytes; at least 1 is expected"));
        (BudgetBytes, Seed) = (budgetBytes, seed);
    }

    /// <summary>The most UTF-8 bytes of text.</summary>
    public long BudgetBytes { get; }

    /// <summary>Decides which documents are kept.</summary>
    public ulong Seed { get; }

    /// <summary>UTF-8 bytes of the text that is kept.</summary>
    public long Bytes => _sources.Values.Sum(source => source.Bytes);

    /// <summary>What is kept of each source, by name.</summary>
    public IReadOnlyList<BufferedSource> Sources => [.. _sources.Select(source => new BufferedSource(source.Key, source.Value.Documents.Count, source.Value.Bytes, source.Value.Cut is null))];

    /// <summary>The documents: by source, and in a source by key, which is a random order.</summary>
    public IEnumerable<BufferedDocument> Documents => _sources.SelectMany(source => source.Value.Documents.Values.Select(text => new BufferedDocument(source.Key, text)));

    /// <summary>For each source that has one, the token store of text that was kept apart from all training.</summary>
    public IReadOnlyDictionary<string, string> HeldOut => _heldOut;

    internal IReadOnlyDictionary<string, Reservoir> Reservoirs => _sources;

    /// <summary>Samples documents. Memory: twice the budget at most, however many documents there are.</summary>
    /// <param name="documents">The documents; read once.</param>
    /// <param name="budgetBytes">The most UTF-8 bytes of text to keep.</param>
    /// <param name="seed">Decides which documents are kept. Buffers of one model and its descendants have one seed.</param>
    /// <exception cref="CoppiceException">The budget is below 1, or a document is larger than it.</exception>
    public static ReplayBuffer Build(IEnumerable<BufferedDocument> documents, long budgetBytes, ulong seed)
    {
        var buffer = new ReplayBuffer(budgetBytes, seed);
        var bytes = 0L;
        foreach (var document in documents)
        {
            bytes += buffer.Add(document);
            if (bytes / 2 < budgetBytes) continue;
            buffer.CutToBudget();
            bytes = buffer.Bytes;
        }

        buffer.CutToBudget();
        return buffer;
    }

    /// <summary>
    /// The sample of the documents that two buffers were sampled from: what <see cref="Build"/> gives of all of them, for a budget no larger than that of either.
    /// A larger budget is used for the sources that lost nothing so far; of the others it can't bring back what is gone, so that they stay samples.
    /// </summary>
    /// <param name="first">A buffer.</param>
    /// <param name="second">Another; of a source that both have something held out of, its store is taken.</param>
    /// <param name="budgetBytes">The most UTF-8 bytes of text to keep.</param>
    /// <exception cref="CoppiceException">The seeds differ, the budget is below 1, or a document is larger than it.</exception>
    public static ReplayBuffer Merge(ReplayBuffer first, ReplayBuffer second, long budgetBytes)
    {
        if (first.Seed != second.Seed)
            throw new CoppiceException(FormattableString.Invariant($"The replay buffers have the seeds {first.Seed} and {second.Seed}: together they would be no uniform sample. Build the new one with the old one's seed."));
        var merged = new ReplayBuffer(budgetBytes, first.Seed);
        foreach (var buffer in new[] { first, second })
        {
            foreach (var (name, source) in buffer._sources)
            {
                if (source.Cut is { } cut) merged.SourceOf(name).CutAt(cut);
            }

            foreach (var (name, path) in buffer._heldOut) merged._heldOut[name] = path;
        }

        foreach (var document in first.Documents.Concat(second.Documents)) merged.Add(document);
        merged.CutToBudget();
        return merged;
    }

    /// <summary>Keeps a copy of a source's held-out text with the buffer, so that forgetting can be measured when its own folder is gone.</summary>
    /// <param name="source">The source's name.</param>
    /// <param name="storePath">The token store's file; it is copied by <see cref="Save"/>.</param>
    /// <exception cref="CoppiceException">The file is no token store, or is damaged.</exception>
    public void AddHeldOut(string source, string storePath)
    {
        TokenStore.Open(storePath).Dispose();
        _heldOut[source] = storePath;
    }

    /// <summary>Encodes the documents: a token store for each source that has some.</summary>
    /// <param name="tokenizer">The tokenizer; called by several threads.</param>
    /// <param name="folder">Where the stores are written, as <c>0.tokens</c> and so on.</param>
    /// <param name="threads">How many threads encode, at least 1. The files' bytes don't depend on it.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>The stores, opened, by the sources' names; the caller disposes them.</returns>
    /// <exception cref="CoppiceException">A text can't be encoded, or a file can't be written.</exception>
    public IReadOnlyList<ReplayStore> ToStores(ITokenizer tokenizer, string folder, int threads = 1, CancellationToken cancellation = default)
    {
        var stores = new List<ReplayStore>();
        try
        {
            foreach (var (name, source) in _sources.Where(source => source.Value.Documents.Count > 0))
            {
                var path = Path.Combine(folder, FormattableString.Invariant($"{stores.Count}.tokens"));
                var documents = source.Documents.Values.Select(text => new Document("", text, name));
                stores.Add(new ReplayStore(name, path, TokenStoreWriter.Build(documents, tokenizer, path, threads, cancellation)));
            }

            return stores;
        }
        catch
        {
            foreach (var store in stores) store.Store.Dispose();
            throw;
        }
    }

    /// <summary>Writes the buffer into a folder of its own; see <see cref="Load"/>. The same buffer gives the same files.</summary>
    /// <param name="folder">The folder; made where it is missing, and an earlier buffer in it replaced.</param>
    /// <exception cref="CoppiceException">A file can't be written.</exception>
    public void Save(string folder) => ReplayBufferFolder.Save(this, folder);

    /// <summary>Reads a buffer.</summary>
    /// <param name="folder">The folder that <see cref="Save"/> wrote.</param>
    /// <exception cref="CoppiceException">There is no finished buffer, or something in it is damaged: the message says what.</exception>
    public static ReplayBuffer Load(string folder) => ReplayBufferFolder.Load(folder);

    internal static ReplayBuffer Empty(long budgetBytes, ulong seed) => new(budgetBytes, seed);

    internal Reservoir SourceOf(string name)
    {
        if (!_sources.TryGetValue(name, out var source)) _sources[name] = source = new Reservoir();
        return source;
    }

    /// <summary>Adds a document without cutting; returns the bytes by which the buffer grew.</summary>
    internal long Add(BufferedDocument document)
    {
        var bytes = Encoding.UTF8.GetByteCount(document.Text);
        if (bytes > BudgetBytes)
        {
            throw new CoppiceException(FormattableString.Invariant(
                $"A document of '{document.Source}' has {bytes} bytes of text, the replay budget is {BudgetBytes}: raise the budget, or cut the document into pieces."));
        }

        return bytes == 0 ? 0 : SourceOf(document.Source).Add(KeyOf(document.Text), document.Text, bytes);
    }

    // For one seed this maps hashes to keys one to one: no two texts share a key that don't share a hash.
    internal UInt128 KeyOf(string text)
    {
        var hash = ContentHash.Of(text);
        var (x, y, z, w) = new Philox(Seed, (ulong)(hash >> 64)).Words((ulong)hash);
        return new UInt128(((ulong)x << 32) | y, ((ulong)z << 32) | w);
    }

    private void CutToBudget()
    {
        var level = Level();
        foreach (var source in _sources.Values) source.CutToQuota(level);
    }

    // The largest integer L with Σ min(size, L) <= budget. A source that was cut was larger than a level that was at least as high: it takes all it can get.
    private long Level()
    {
        var left = BudgetBytes;
        var sources = _sources.Count;
        foreach (var size in _sources.Values.Select(source => source.Cut is null ? source.Bytes : long.MaxValue).Order())
        {
            if (size > left / sources) return left / sources;
            left -= size;
            sources--;
        }

        return long.MaxValue;
    }
}

/// <summary>What a buffer has of a source.</summary>
/// <param name="Name">The source's name.</param>
/// <param name="Documents">Documents.</param>
/// <param name="Bytes">UTF-8 bytes of their text.</param>
/// <param name="Complete">Whether these are all the documents that were ever offered.</param>
public sealed record BufferedSource(string Name, int Documents, long Bytes, bool Complete);

/// <summary>The documents of a source in a buffer, as tokens.</summary>
/// <param name="Source">The source's name.</param>
/// <param name="Path">The store's file.</param>
/// <param name="Store">The store; whoever has it disposes it.</param>
public sealed record ReplayStore(string Source, string Path, TokenStore Store);
