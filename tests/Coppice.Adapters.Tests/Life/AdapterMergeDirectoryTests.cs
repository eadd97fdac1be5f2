using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;

namespace Coppice.Adapters.Tests.Life;

public sealed class AdapterMergeDirectoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Backend _backend = Backends.Create(1);

    public void Dispose()
    {
        _backend.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("lora")]
    [InlineData("dora")]
    [InlineData("ia3")]
    public void A_merged_model_computes_what_base_and_adapter_did_and_gives_the_base_back(string method)
    {
        var own = SavedModels.Save(_folder, "own");
        var adapter = SavedModels.SaveAdapter(_folder, "a", own, method);
        var result = AdapterMergeDirectory.Write(own, adapter, _folder.At("merged"), _backend);
        Assert.True(result.Error <= result.Tolerance);
        Assert.Equal(ModelDirectory.Fingerprint(_folder.At("merged")), result.Fingerprint);
        Assert.True(AdaptedModel.RelativeError(Adapted(own, adapter), Plain(_folder.At("merged"))) < 1e-5);
        Assert.True(AdaptedModel.RelativeError(Plain(own), Plain(_folder.At("merged"))) > 1e-2);
        Assert.Equal(SavedModels.Characters.Fingerprint, Tokenizer.Load(_folder.At("merged")).Fingerprint);
        var merge = Provenance.Load(_folder.At("merged"))!;
        Assert.Equal(("../own", "adapter", "../a"), (merge.Parent!.Path, merge.Merge!.Method, merge.Merge.Models[0].Path));

        var undone = AdapterMergeDirectory.Undo(_folder.At("merged"), null, _folder.At("back"), _backend);
        Assert.True(undone.Exact);
        Assert.Equal(ModelDirectory.Fingerprint(own), undone.Fingerprint);
    }

    [Fact]
    public void Where_the_base_is_gone_the_change_is_subtracted()
    {
        var own = SavedModels.Save(_folder, "own");
        var adapter = SavedModels.SaveAdapter(_folder, "a", own);
        var (expected, output) = (Plain(own), _folder.At("merged"));
        AdapterMergeDirectory.Write(own, adapter, output, _backend);
        Directory.Delete(own, recursive: true);
        Assert.False(AdapterMergeDirectory.Undo(output, null, _folder.At("back"), _backend).Exact);
        Assert.True(AdaptedModel.RelativeError(expected, Plain(_folder.At("back"))) < 1e-5);
        Directory.Move(adapter, _folder.At("elsewhere"));
        Assert.Contains("name the adapter", Assert.Throws<CoppiceException>(() => AdapterMergeDirectory.Undo(output, null, _folder.At("again"), _backend)).Message, StringComparison.Ordinal);
        AdapterMergeDirectory.Undo(output, _folder.At("elsewhere"), _folder.At("again"), _backend);
        var other = SavedModels.SaveAdapter(_folder, "other", _folder.At("again"), seed: 8);
        Assert.Contains("another adapter", Assert.Throws<CoppiceException>(() => AdapterMergeDirectory.Undo(output, other, _folder.At("third"), _backend)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_can_not_be_done_is_refused_by_name_and_nothing_is_written()
    {
        var own = SavedModels.Save(_folder, "own");
        var adapter = SavedModels.SaveAdapter(_folder, "a", own, "ia3");
        var output = _folder.At("merged");
        Assert.Contains("no adapter was merged", Assert.Throws<CoppiceException>(() => AdapterMergeDirectory.Undo(own, null, output, _backend)).Message, StringComparison.Ordinal);
        Assert.Contains("another base", Assert.Throws<CoppiceException>(() => AdapterMergeDirectory.Write(SavedModels.Save(_folder, "other", seed: 2), adapter, output, _backend)).Message, StringComparison.Ordinal);
        Assert.Contains("not empty", Assert.Throws<CoppiceException>(() => AdapterMergeDirectory.Write(own, adapter, own, _backend)).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(output));
        AdapterMergeDirectory.Write(own, adapter, output, _backend);
        Directory.Delete(own, recursive: true);
        Assert.Contains("ia3", Assert.Throws<CoppiceException>(() => AdapterMergeDirectory.Undo(output, null, _folder.At("back"), _backend)).Message, StringComparison.Ordinal);
    }

    private float[] Plain(string directory)
    {
        using var model = ModelDirectory.Load(directory, _backend);
        return Output(model);
    }

    private float[] Adapted(string directory, string adapter)
    {
        using var model = ModelDirectory.Load(directory, _backend);
        using var set = new AdapterSet(model);
        Adapters.Directories.AdapterDirectory.Load(adapter, set, "a");
        set.Activate("a");
        return Output(model);
    }

    private static float[] Output(LanguageModel model) => Models.Tests.TinyModels.Logits(model, Models.Tests.TinyModels.Tokens(20, model.Configuration.VocabularySize));
}
