using Coppice.Adapters.Directories;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Testing;

namespace Coppice.Adapters.Tests.Directories;

/// <summary>An adapter knows the model that it was trained on.</summary>
public sealed class AdapterBaseTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_adapter_finds_its_base_and_takes_no_other()
    {
        var (own, other) = (SavedModels.Save(_folder, "own"), SavedModels.Save(_folder, "other", seed: 2));
        var adapter = SavedModels.SaveAdapter(_folder, "adapters/a", own);
        Assert.Equal("../../own", Provenance.Load(adapter)!.Parent!.Path);
        Assert.Equal(Path.GetFullPath(own), Path.GetFullPath(AdapterBase.Find(adapter)));
        Assert.Equal(other, AdapterBase.Find(adapter, other));
        AdapterBase.Require(adapter, own);
        var refused = Assert.Throws<CoppiceException>(() => AdapterBase.Require(adapter, other)).Message;
        Assert.Contains("another base than " + other, refused, StringComparison.Ordinal);
        Assert.DoesNotContain("older version", refused, StringComparison.Ordinal);
        Directory.Delete(own, recursive: true);
        Assert.Contains("--base", Assert.Throws<CoppiceException>(() => AdapterBase.Find(adapter)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_adapter_for_an_older_version_is_named_as_such_with_what_to_do()
    {
        var first = SavedModels.Save(_folder, "v1");
        var adapter = SavedModels.SaveAdapter(_folder, "a", first);
        var second = SavedModels.Save(_folder, "v2", seed: 2, parent: first);
        var third = SavedModels.Save(_folder, "v3", seed: 3, parent: second);
        var once = Assert.Throws<CoppiceException>(() => AdapterBase.Require(adapter, second)).Message;
        Assert.Contains("older version", once, StringComparison.Ordinal);
        Assert.Contains("1 update before", once, StringComparison.Ordinal);
        Assert.Contains($"coppice adapter refresh {adapter} --base {second}", once, StringComparison.Ordinal);
        Assert.Contains("2 updates before", Assert.Throws<CoppiceException>(() => AdapterBase.Require(adapter, third)).Message, StringComparison.Ordinal);
        // The version between remembers its parent even when that is gone.
        Directory.Delete(first, recursive: true);
        Assert.Contains("2 updates before", Assert.Throws<CoppiceException>(() => AdapterBase.Require(adapter, third)).Message, StringComparison.Ordinal);
        Assert.Null(AdapterBase.VersionsSince(SavedModels.Save(_folder, "stranger", seed: 9), ModelDirectory.Fingerprint(third)));
    }

    [Fact]
    public void An_adapter_from_elsewhere_says_nothing_and_is_taken()
    {
        var own = SavedModels.Save(_folder, "own");
        var adapter = SavedModels.SaveAdapter(_folder, "a", own);
        File.Delete(Path.Combine(adapter, Provenance.FileName));
        AdapterBase.Require(adapter, SavedModels.Save(_folder, "other", seed: 2));
        // The base is still named as PEFT has it.
        Assert.Equal(Path.GetFullPath(own), Path.GetFullPath(AdapterBase.Find(adapter)));
        _folder.Write("a/" + Provenance.FileName, "nothing");
        Assert.Contains("is damaged", Assert.Throws<CoppiceException>(() => AdapterBase.Require(adapter, own)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_adapter_says_what_it_is()
    {
        var own = SavedModels.Save(_folder, "own");
        var summary = AdapterSummary.Of(SavedModels.SaveAdapter(_folder, "a", own, "rslora"));
        Assert.Equal(("rslora", 3, 5.0), (summary.Method, summary.Rank, summary.Alpha));
        Assert.Equal(["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"], summary.Targets.Order(StringComparer.Ordinal));
        // 3 (inputs + outputs) of each projection of a layer: 24, 12, 12 outputs of the queries, keys and values of 12 inputs; then 24 to 12, and 12 and 20 three times.
        Assert.Equal(2 * 3 * ((12 + 24) + (12 + 12) + (12 + 12) + (24 + 12) + 3 * (12 + 20)), summary.Parameters);
        Assert.Equal((BaseState.Intact, "../own"), (summary.BaseIs, summary.Base));
        Assert.Null(summary.Task);
        Assert.True(summary.Bytes > 4 * summary.Parameters);
        SavedModels.Save(_folder, "own", seed: 2);
        Assert.Equal(BaseState.Changed, AdapterSummary.Of(_folder.At("a")).BaseIs);
        Directory.Delete(own, recursive: true);
        Assert.Equal(BaseState.Missing, AdapterSummary.Of(_folder.At("a")).BaseIs);
        Assert.Null(AdapterSummary.Of(SavedModels.SaveAdapter(_folder, "b", SavedModels.Save(_folder, "own"), "ia3")).Rank);
    }
}
