using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;

namespace Coppice.Continual.Surgery;

/// <summary>What is to be merged.</summary>
public sealed record ModelMergeRequest
{
    /// <summary>The method, one of <see cref="MergeRegistry.Names"/>.</summary>
    public required string Method { get; init; }

    /// <summary>The model directory that the models come from.</summary>
    public required string Base { get; init; }

    /// <summary>The model directories.</summary>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>A weight for each model; null for the method's usual ones.</summary>
    public IReadOnlyList<double>? Weights { get; init; }

    /// <summary>What the method is told.</summary>
    public MergeSettings Settings { get; init; } = new();

    /// <summary>The model directory to write: new or empty.</summary>
    public required string Output { get; init; }
}

/// <summary>What was merged.</summary>
/// <param name="Output">The model directory.</param>
/// <param name="Parameters">Its number of parameters.</param>
/// <param name="VocabularySize">Rows of its embedding.</param>
/// <param name="Fingerprint"><see cref="ModelDirectory.Fingerprint"/> of it.</param>
/// <param name="Merge">The method and what went in.</param>
public sealed record ModelMergeResult(string Output, long Parameters, int VocabularySize, string Fingerprint, ProvenanceMerge Merge);

/// <summary>Model directories with a common base to a new one, which says in its <c>coppice.json</c> what it was made of.</summary>
public static class ModelMerge
{
    /// <summary>Merges models.</summary>
    /// <param name="request">What and how.</param>
    /// <param name="backend">Whose memory they are in.</param>
    /// <exception cref="CoppiceException">The models don't fit each other or the method, or a directory can't be read or written.</exception>
    public static ModelMergeResult Run(ModelMergeRequest request, Backend backend)
    {
        var method = MergeRegistry.Create(request.Method, request.Settings);
        var weights = method.Weights(request.Models.Count, request.Weights);
        RefuseFilled(request.Output);
        IReadOnlyList<string> paths = [request.Base, .. request.Models];
        var tokenizers = CheckedTokenizers(paths);

        var inputs = new List<LanguageModel>();
        try
        {
            foreach (var path in paths) inputs.Add(ModelDirectory.Load(path, backend));
            // The largest takes the result: its new rows stay.
            var destination = inputs.Skip(1).MaxBy(input => input.Configuration.VocabularySize)!;
            WeightMerge.Run(method, inputs[0].Parameters, [.. inputs.Skip(1).Select(input => input.Parameters)], destination.Parameters, request.Weights);

            var settings = request.Settings;
            MergedModel Input(int i) => new(Provenance.RelativePath(request.Output, paths[i]), ModelDirectory.Fingerprint(paths[i]), i == 0 ? null : weights[i - 1]);
            var merge = new ProvenanceMerge(
                request.Method, settings.Scale, settings.Density, settings.Seed, Input(0), [.. Enumerable.Range(1, paths.Count - 1).Select(Input)]);
            var tokenizer = tokenizers[inputs.IndexOf(destination)];
            ModelDirectory.Save(request.Output, destination);
            TokenizerFiles.Write(tokenizer, request.Output, destination.Configuration.MaxPositions, paths[inputs.IndexOf(destination)]);
            Describe(request, paths, tokenizer, merge).Save(request.Output);
            return new ModelMergeResult(request.Output, destination.Parameters.Count, destination.Configuration.VocabularySize, ModelDirectory.Fingerprint(request.Output), merge);
        }
        finally
        {
            foreach (var input in inputs) input.Dispose();
        }
    }

    // Before memory is taken for weights.
    private static List<Tokenizer> CheckedTokenizers(IReadOnlyList<string> paths)
    {
        var configurations = paths.Select(ModelDirectory.ReadConfiguration).ToList();
        var tokenizers = paths.Select(Tokenizer.Load).ToList();
        for (var i = 1; i < paths.Count; i++)
        {
            MergeCompatibility.RequireArchitecture(paths[0], configurations[0], paths[i], configurations[i]);
            MergeCompatibility.RequireTokenizer(paths[0], tokenizers[0], configurations[0].VocabularySize, paths[i], tokenizers[i]);
        }

        return tokenizers;
    }

    private static Provenance Describe(ModelMergeRequest request, IReadOnlyList<string> paths, Tokenizer tokenizer, ProvenanceMerge merge)
    {
        var known = paths.Select(path => (Path: path, Provenance: Provenance.Load(path))).Where(entry => entry.Provenance is not null).Select(entry => (entry.Path, Provenance: entry.Provenance!)).ToList();
        // What an update begins from is the models', not the base's.
        var first = known.FirstOrDefault(entry => entry.Path != paths[0], known.FirstOrDefault()).Provenance;
        return new Provenance
        {
            Software = Provenance.ThisSoftware,
            Parent = new ProvenanceParent(merge.Base.Path, merge.Base.Fingerprint),
            Merge = merge,
            Training = first?.Training,
            Recipe = first?.Recipe ?? "",
            Tokenizer = tokenizer.Fingerprint,
            Sources = [.. known.SelectMany(entry => entry.Provenance.Sources.Select(source => Moved(source, entry.Path, request.Output))).DistinctBy(source => source.Fingerprint)],
            Steps = known.Select(entry => entry.Provenance.Steps).DefaultIfEmpty().Max(),
            Tokens = known.Select(entry => entry.Provenance.Tokens).DefaultIfEmpty().Max(),
            Metrics = new Dictionary<string, double>(),
        };
    }

    // Paths are relative to the model's directory; and what was measured was another model.
    private static ProvenanceSource Moved(ProvenanceSource source, string from, string to)
    {
        string? Move(string? path) => path is null ? null : Provenance.RelativePath(to, Provenance.ResolvePath(from, path));
        return source with { Store = Move(source.Store), HeldOut = Move(source.HeldOut), HeldOutBitsPerByte = null };
    }

    private static void RefuseFilled(string output)
    {
        if (File.Exists(output)) throw CoppiceException.Usage($"{output}: is a file; name a folder for the merged model");
        if (Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).Any()) throw CoppiceException.Usage($"{output}: is not empty; name another folder for the merged model");
    }
}
