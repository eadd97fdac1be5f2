using Coppice.Continual.Surgery;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Continual.Tests.Surgery;

public sealed class ModelMergeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Backend _backend = Backends.Create(1);

    public void Dispose()
    {
        _backend.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_grown_model_is_interpolated_with_its_parent_and_keeps_its_new_rows()
    {
        var (parent, child) = (Save("parent", "gpt2-untied", "abc", 1), Save("child", "gpt2-untied", "abcde", 2));
        var result = ModelMerge.Run(Request(parent, child), _backend);
        using var merged = ModelDirectory.Load(result.Output, _backend);
        using var grown = ModelDirectory.Load(child, _backend);
        Assert.Equal((5, 5), (result.VocabularySize, merged.Configuration.VocabularySize));
        Assert.Equal(Tokenizer.Load(child).Fingerprint, Tokenizer.Load(result.Output).Fingerprint);
        foreach (var name in new[] { "transformer.wte.weight", "lm_head.weight" })
        {
            var (mixed, own) = (merged.Parameters[name].Tensor.ToArray(), grown.Parameters[name].Tensor.ToArray());
            Assert.Equal(own[(3 * 12)..], mixed[(3 * 12)..]);
            Assert.All(Enumerable.Range(0, 3 * 12), i => Assert.NotEqual(own[i], mixed[i]));
        }
    }

    [Fact]
    public void A_merged_model_says_what_it_was_made_of()
    {
        var (parent, first, second) = (Save("parent", "llama", "abc", 1), Save("first", "llama", "abc", 2), Save("second", "llama", "abc", 3));
        new Provenance
        {
            Software = "x", Recipe = "seed: 5", Tokenizer = "", Steps = 7, Tokens = 70, Metrics = new Dictionary<string, double> { ["loss"] = 1 },
            Sources = [new ProvenanceSource("old", ["old.txt"], "f", 1, 2, 3) { Store = "../stores/old", HeldOut = "../stores/apart", HeldOutBitsPerByte = 2 }],
        }.Save(first);
        var request = Request(parent, first, second) with { Method = "dare", Weights = [1, 0.5], Settings = new MergeSettings { Density = 0.5, Seed = 9 }, Output = _folder.At("deep/merged") };
        var result = ModelMerge.Run(request, _backend);
        var found = Provenance.Load(result.Output)!;
        Assert.Equal(new ProvenanceParent("../../parent", ModelDirectory.Fingerprint(parent)), found.Parent);
        Assert.Equal(("dare", 1.0, 0.5, 9UL), (found.Merge!.Method, found.Merge.Scale, found.Merge.Density, found.Merge.Seed));
        Assert.Equal(new MergedModel("../../parent", ModelDirectory.Fingerprint(parent), null), found.Merge.Base);
        Assert.Equal([new MergedModel("../../first", ModelDirectory.Fingerprint(first), 1), new MergedModel("../../second", ModelDirectory.Fingerprint(second), 0.5)], found.Merge.Models);
        Assert.Equal(("seed: 5", 7, 70), (found.Recipe, found.Steps, found.Tokens));
        Assert.Empty(found.Metrics);
        var source = Assert.Single(found.Sources);
        Assert.Equal(("../../stores/old", "../../stores/apart", null), (source.Store, source.HeldOut, source.HeldOutBitsPerByte));
        Assert.Equal(ModelDirectory.Fingerprint(result.Output), result.Fingerprint);

        // The same again is the same bytes.
        ModelMerge.Run(request with { Output = _folder.At("deep/again") }, _backend);
        foreach (var file in Directory.EnumerateFiles(result.Output)) Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(_folder.At($"deep/again/{Path.GetFileName(file)}")));
    }

    [Fact]
    public void Models_that_do_not_fit_are_refused_by_name_and_nothing_is_written()
    {
        var parent = Save("parent", "llama", "abc", 1);
        Refused("is a qwen3 model", parent, Save("other", "qwen3", "abc", 1));
        Refused("TieEmbeddings is False, but True", parent, Save("untied", "llama-untied", "abc", 1));
        Refused("has another tokenizer than", parent, Save("letters", "llama", "abd", 1));
        Refused("has another tokenizer than", parent, Save("fewer", "llama", "ab", 1));
        Refused("has another token than", parent, Save("shifted", "llama", "abbcABC", 1));
        Refused("which rows are new can't be told", Save("spare", "llama", "abc", 1, rows: 8), Save("grown", "llama", "abcde", 1, rows: 8));
        Refused("there is no such model directory", parent, _folder.At("none"));
        Refused("tokenizer.json: can't be read", parent, Save("bare", "llama", null, 1, rows: 3));
        Refused("there is nothing to merge", parent);
    }

    [Fact]
    public void A_folder_that_is_in_use_is_not_written_to()
    {
        var parent = Save("parent", "llama", "abc", 1);
        var before = ModelDirectory.Fingerprint(parent);
        foreach (var output in new[] { parent, _folder.Write("file", "x") })
        {
            var error = Assert.Throws<CoppiceException>(() => ModelMerge.Run(Request(parent, parent) with { Output = output }, _backend));
            Assert.Equal(ExitCode.Usage, error.ExitCode);
        }

        Assert.Equal(before, ModelDirectory.Fingerprint(parent));
    }

    private void Refused(string message, string parent, params string[] models)
    {
        Assert.Contains(message, Assert.Throws<CoppiceException>(() => ModelMerge.Run(Request(parent, models), _backend)).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.At("merged")));
    }

    private ModelMergeRequest Request(string parent, params string[] models) => new() { Method = "linear", Base = parent, Models = models, Output = _folder.At("merged") };

    private string Save(string name, string kind, string? characters, ulong seed, int rows = 0)
    {
        var directory = _folder.At(name);
        var tokenizer = characters is null ? null : CharacterTrainer.Train([characters]);
        using var model = TinyModels.Create(kind, _backend, vocabulary: Math.Max(rows, tokenizer?.VocabularySize ?? 0), seed: seed);
        ModelDirectory.Save(directory, model);
        tokenizer?.Save(directory);
        return directory;
    }
}
