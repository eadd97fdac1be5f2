using System.Text.Json;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tokenizers;
using Coppice.Training.Recipes;

namespace Coppice.Training.Data;

/// <summary>A source of text, tokenised.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Paths">Where it was read from.</param>
/// <param name="Weight">Its weight in the mixture.</param>
/// <param name="Train">The tokens to train on.</param>
/// <param name="TrainPath">Their file.</param>
/// <param name="Validation">The tokens kept apart, or null where there are none.</param>
/// <param name="ValidationPath">Their file.</param>
public sealed record PreparedSource(string Name, IReadOnlyList<string> Paths, double Weight, TokenStore Train, string TrainPath, TokenStore? Validation, string? ValidationPath)
{
    /// <summary>What a model that was trained on it remembers of it.</summary>
    /// <param name="model">The model's directory.</param>
    /// <param name="bitsPerByte">Bits per byte of the text that was kept apart, at the model's release; null where it was not measured.</param>
    public ProvenanceSource ToProvenance(string model, double? bitsPerByte) => new(Name, Paths, Train.Fingerprint, Train.DocumentCount, Train.ByteCount, Train.TokenCount)
    {
        Store = Provenance.RelativePath(model, TrainPath),
        HeldOut = ValidationPath is null ? null : Provenance.RelativePath(model, ValidationPath),
        HeldOutBitsPerByte = bitsPerByte,
    };
}

/// <summary>
/// The data of a run: tokenizer and token stores in its directory. Made once; a resumed run finds it there, so that the text may be gone or changed
/// by then without the run noticing.
/// </summary>
public sealed class PreparedData : IDisposable
{
    private const string FolderName = "data";
    private const string ManifestFile = "data.json";

    private static readonly JsonSerializerOptions Options = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private PreparedData(Tokenizer tokenizer, IReadOnlyList<PreparedSource> sources) => (Tokenizer, Sources) = (tokenizer, sources);

    /// <summary>The tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The sources, in the order of the recipe.</summary>
    public IReadOnlyList<PreparedSource> Sources { get; }

    /// <summary>The stores kept apart.</summary>
    public IReadOnlyList<TokenStore> Validation => [.. Sources.Select(source => source.Validation).OfType<TokenStore>()];

    /// <summary>Opens the data of a run that has been prepared, or prepares it.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="runDirectory">The run's directory.</param>
    /// <param name="notice">Receives a line for each stage and for what was dropped.</param>
    /// <param name="cancellation">Stops; nothing half written stays under its name.</param>
    /// <exception cref="CoppiceException">There is no text, or a file can't be read or written.</exception>
    public static PreparedData Prepare(Recipe recipe, string runDirectory, Action<string> notice, CancellationToken cancellation)
    {
        var folder = Path.Combine(runDirectory, FolderName);
        var key = Checksum.Of(
            JsonSerializer.Serialize(recipe.Data with { Mixture = new MixtureSection() }, Options) + JsonSerializer.Serialize(recipe.Tokenizer, Options) + recipe.Seed
            + string.Concat(EncoderTokens.Of(recipe.Model.Architecture) ?? []));
        if (ReadManifest(folder) is { } manifest && manifest.Key == key) return Open(folder, manifest);
        if (recipe.Data.Sources.Count == 0) throw CoppiceException.Usage("there is no text to train on: name files or folders after the recipe, or under data.sources in it");
        Directory.CreateDirectory(folder);
        var threads = recipe.Training.UsedThreads;
        var texts = recipe.Data.Sources.Select(source => new SourceText(recipe, source)).ToList();
        var tokenizer = MakeTokenizer(recipe, texts, threads, notice, cancellation);
        tokenizer.Save(Path.Combine(folder, Tokenizer.FileName));
        var entries = new List<ManifestSource>();
        for (var i = 0; i < texts.Count; i++)
        {
            var text = texts[i];
            notice($"encoding {text.Name}");
            var train = $"{i}-train.tokens";
            using (var store = TokenStoreWriter.BuildWeighted(text.Train(cancellation), (ulong)recipe.Seed, tokenizer, Path.Combine(folder, train), threads, cancellation))
            {
                notice(FormattableString.Invariant($"{text.Name}: {store.DocumentCount:N0} documents, {store.ByteCount:N0} bytes, {store.TokenCount:N0} tokens to train on"));
            }

            text.ReportDropped(notice);
            string? validation = null;
            if (text.Validation(cancellation).Any())
            {
                validation = $"{i}-validation.tokens";
                using var store = TokenStoreWriter.Build(text.Validation(cancellation), tokenizer, Path.Combine(folder, validation), threads, cancellation);
            }

            entries.Add(new ManifestSource(text.Name, text.Paths, text.Weight, train, validation));
        }

        // Last: without it the data counts as not prepared.
        var written = new Manifest(key, entries);
        AtomicFile.WriteText(Path.Combine(folder, ManifestFile), JsonSerializer.Serialize(written, Options) + "\n");
        return Open(folder, written);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var source in Sources)
        {
            source.Train.Dispose();
            source.Validation?.Dispose();
        }
    }

    private static Tokenizer MakeTokenizer(Recipe recipe, List<SourceText> texts, int threads, Action<string> notice, CancellationToken cancellation)
    {
        if (recipe.Tokenizer.Path.Length == 0) notice(recipe.Tokenizer.Type == "character" ? "collecting characters" : FormattableString.Invariant($"training a tokenizer of {recipe.Tokenizer.VocabularySize:N0} tokens"));
        var special = EncoderTokens.Of(recipe.Model.Architecture);
        var tokenizer = TokenizerFactory.Create(
            recipe.Tokenizer,
            texts.SelectMany(text => text.Train(cancellation)).Select(document => document.Text),
            texts.SelectMany(text => text.Validation(cancellation)).Select(document => document.Text),
            threads, specialTokens: special, cancellation: cancellation);
        if (special is not null && recipe.Tokenizer.Path.Length == 0) tokenizer = EncoderTokens.AroundTexts(tokenizer);
        notice(FormattableString.Invariant($"tokenizer: {tokenizer.VocabularySize:N0} tokens"));
        return tokenizer;
    }

    private static PreparedData Open(string folder, Manifest manifest)
    {
        var tokenizer = Tokenizer.Load(Path.Combine(folder, Tokenizer.FileName));
        var sources = new List<PreparedSource>();
        foreach (var entry in manifest.Sources)
        {
            // Only the name counts: the folder may have been moved since.
            var train = Path.Combine(folder, Path.GetFileName(entry.Train));
            var validation = entry.Validation is null ? null : Path.Combine(folder, Path.GetFileName(entry.Validation));
            sources.Add(new PreparedSource(
                entry.Name, entry.Paths, entry.Weight, OpenStore(train, tokenizer), train, validation is null ? null : OpenStore(validation, tokenizer), validation));
        }

        return new PreparedData(tokenizer, sources);
    }

    private static TokenStore OpenStore(string path, Tokenizer tokenizer)
    {
        var store = TokenStore.Open(path);
        if (store.TokenizerFingerprint == tokenizer.Fingerprint) return store;
        store.Dispose();
        throw new CoppiceException($"{path}: was made with another tokenizer than the one beside it; delete the folder to prepare the data again");
    }

    private static Manifest? ReadManifest(string folder)
    {
        var path = Path.Combine(folder, ManifestFile);
        if (!File.Exists(path)) return null;
        try
        {
            return JsonSerializer.Deserialize<Manifest>(File.ReadAllText(path), Options);
        }
        catch (JsonException error)
        {
            throw new CoppiceException($"{path}: is damaged; delete the folder to prepare the data again", inner: error);
        }
    }

    private sealed record Manifest(string Key, IReadOnlyList<ManifestSource> Sources);

    private sealed record ManifestSource(string Name, IReadOnlyList<string> Paths, double Weight, string Train, string? Validation);
}
