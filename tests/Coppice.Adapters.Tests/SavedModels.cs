using Coppice.Adapters.Directories;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Adapters.Tests;

/// <summary>Tiny models and adapters in directories.</summary>
internal static class SavedModels
{
    public static Tokenizer Characters { get; } = CharacterTrainer.Train(["abcdefghijklmnopqrstuvwxyz .,\n"], ["<|endoftext|>"]);

    /// <summary>Writes a model with random weights; with a parent, one that is a little different from it and says so.</summary>
    public static string Save(TemporaryFolder folder, string name, ulong seed = 1, string? parent = null, float change = 0.02f, string architecture = "llama")
    {
        using var backend = Backends.Create(1);
        using var model = TinyModels.Create(TinyModels.Configuration(architecture, Characters.VocabularySize, 64) with { BeginOfText = null, EndOfText = Characters.EndOfText }, backend, seed: 1);
        var directory = folder.At(name);
        if (seed != 1 || parent is not null)
        {
            foreach (var parameter in model.Parameters.Parameters)
            {
                var random = new Philox(seed, (ulong)parameter.Offset);
                parameter.Tensor.CopyFrom([.. parameter.Tensor.ToArray().Select((value, i) => value + change * random.Normal((ulong)i))]);
            }
        }

        ModelDirectory.Save(directory, model);
        Characters.Save(Path.Combine(directory, Tokenizer.FileName));
        if (parent is not null)
        {
            new Provenance
            {
                Software = "test", Recipe = "", Tokenizer = Characters.Fingerprint, Sources = [], Metrics = new Dictionary<string, double>(),
                Parent = new ProvenanceParent(Provenance.RelativePath(directory, parent), ModelDirectory.Fingerprint(parent)),
            }.Save(directory);
        }

        return directory;
    }

    /// <summary>Writes an adapter with random values on a model of <see cref="Save"/>.</summary>
    public static string SaveAdapter(TemporaryFolder folder, string name, string baseModel, string method = "lora", ulong seed = 5)
    {
        using var backend = Backends.Create(1);
        using var model = ModelDirectory.Load(baseModel, backend);
        using var set = new AdapterSet(model);
        var adapter = set.Add("a", AdaptedModel.Settings(method), seed);
        foreach (var parameter in adapter.Parameters.Parameters)
        {
            var random = new Philox(seed, (ulong)parameter.Offset);
            parameter.Tensor.CopyFrom([.. parameter.Tensor.ToArray().Select((value, i) => value + 0.1f * random.Normal((ulong)i))]);
        }

        AdapterDirectory.Save(folder.At(name), set, "a", Provenance.RelativePath(folder.At(name), baseModel));
        AdapterBase.Record(folder.At(name), baseModel);
        return folder.At(name);
    }
}
