using System.Globalization;
using System.Text.Json;
using Coppice.Corpus;
using Coppice.Foundation;

namespace Coppice.Continual.Replay;

/// <summary>
/// A buffer as a folder: its documents as a curated corpus (<c>documents.jsonl.gz</c> and <c>corpus.json</c>, which every reader of corpora opens), copies of
/// held-out token stores, and last <c>replay.json</c>, which vouches for all of them. A document's id is its key, which is computed anew from the text.
/// </summary>
internal static class ReplayBufferFolder
{
    public const string ManifestFile = "replay.json";

    private const int Version = 1;

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    public static void Save(ReplayBuffer buffer, string folder)
    {
        var manifestPath = Path.Combine(folder, ManifestFile);
        try
        {
            Directory.CreateDirectory(folder);
            // From here on the files change: an older manifest would vouch for documents that are no longer there.
            File.Delete(manifestPath);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{folder}: can't be written: {error.Message}", inner: error);
        }

        var heldOut = buffer.HeldOut.ToDictionary(entry => entry.Key, entry => Copy(entry.Key, entry.Value, folder), StringComparer.Ordinal);
        var corpus = CorpusWriter.Write(folder, AsDocuments(buffer), CorpusSplit.None, new CorpusReport());
        var cuts = buffer.Reservoirs.ToDictionary(source => source.Key, source => source.Value.Cut is { } cut ? KeyText(cut) : null, StringComparer.Ordinal);
        var manifest = new Manifest(Version, buffer.BudgetBytes, buffer.Seed, corpus.Train.Fingerprint, cuts, heldOut);
        AtomicFile.WriteText(manifestPath, JsonSerializer.Serialize(manifest, Json) + "\n");
    }

    public static ReplayBuffer Load(string folder)
    {
        var path = Path.Combine(folder, ManifestFile);
        if (!File.Exists(path)) throw new CoppiceException($"{folder}: there is no {ManifestFile}, so this is no finished replay buffer. Replay from elsewhere.");
        try
        {
            var manifest = JsonSerializer.Deserialize<Manifest>(File.ReadAllBytes(path), Json) ?? throw new JsonException("it holds null");
            if (manifest.Version != Version)
                throw new CoppiceException(FormattableString.Invariant($"it has version {manifest.Version}, and this program reads version {Version}"));
            return Read(folder, manifest);
        }
        catch (Exception error) when (error is CoppiceException or JsonException or IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{path}: the replay buffer can't be used: {error.Message} Bring the folder back from a copy, or replay from elsewhere.", inner: error);
        }
    }

    private static ReplayBuffer Read(string folder, Manifest manifest)
    {
        var corpus = CuratedCorpus.Open(folder);
        if (corpus.Manifest.Train.Fingerprint != manifest.Documents) throw Damaged("its documents are not those it was written with");
        var buffer = ReplayBuffer.Empty(manifest.BudgetBytes, manifest.Seed);
        foreach (var (name, cut) in manifest.Sources)
        {
            var source = buffer.SourceOf(name);
            if (cut is not null) source.CutAt(ParseKey(cut));
        }

        // Memory is bounded by the budget and by the file, whatever the manifest says.
        var left = manifest.BudgetBytes;
        foreach (var document in corpus.Train())
        {
            if (!manifest.Sources.ContainsKey(document.Source)) throw Damaged($"it has documents of '{document.Source}', which it doesn't list");
            if (document.Id != KeyText(buffer.KeyOf(document.Text))) throw Damaged("its documents were chosen with another seed");
            var added = buffer.Add(new BufferedDocument(document.Source, document.Text));
            left -= added;
            if (added == 0 || left < 0) throw Damaged("it has documents that its budget doesn't allow");
        }

        foreach (var (name, fingerprint) in manifest.HeldOut)
        {
            var path = Path.Combine(folder, HeldOutFile(name));
            using (var store = TokenStore.Open(path))
            {
                if (store.Fingerprint != fingerprint) throw Damaged($"{path} is not the file it was written with");
            }

            buffer.AddHeldOut(name, path);
        }

        return buffer;
    }

    private static IEnumerable<Document> AsDocuments(ReplayBuffer buffer)
    {
        foreach (var (name, source) in buffer.Reservoirs)
        {
            foreach (var (key, text) in source.Documents) yield return new Document(KeyText(key), text, name);
        }
    }

    private static string Copy(string name, string storePath, string folder)
    {
        var target = Path.Combine(folder, HeldOutFile(name));
        if (Path.GetFullPath(target) != Path.GetFullPath(storePath))
        {
            AtomicFile.Write(target, stream =>
            {
                using var original = File.OpenRead(storePath);
                original.CopyTo(stream);
            });
        }

        using var store = TokenStore.Open(target);
        return store.Fingerprint;
    }

    // A source's name may hold what no file's name may.
    private static string HeldOutFile(string name) => $"held-out-{Checksum.Of(name)[..16]}.tokens";

    private static string KeyText(UInt128 key) => key.ToString("x32", CultureInfo.InvariantCulture);

    private static UInt128 ParseKey(string text) =>
        UInt128.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var key) ? key : throw Damaged($"'{text}' is no key");

    private static CoppiceException Damaged(string what) => new($"{what}.");

    /// <summary>The file <c>replay.json</c>.</summary>
    /// <param name="Version">The version of the layout.</param>
    /// <param name="BudgetBytes">The budget.</param>
    /// <param name="Seed">The seed.</param>
    /// <param name="Documents">The fingerprint of the corpus of documents.</param>
    /// <param name="Sources">By source, the smallest key that was not kept, in hexadecimal; null where all documents were.</param>
    /// <param name="HeldOut">By source, the fingerprint of its held-out store.</param>
    private sealed record Manifest(
        int Version, long BudgetBytes, ulong Seed, string Documents, IReadOnlyDictionary<string, string?> Sources, IReadOnlyDictionary<string, string> HeldOut);
}
