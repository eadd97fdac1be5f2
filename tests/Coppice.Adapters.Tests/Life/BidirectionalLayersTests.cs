using Coppice.Adapters.Directories;
using Coppice.Foundation;
using Coppice.Models.Tests;
using Coppice.Testing;

namespace Coppice.Adapters.Tests.Life;

/// <summary>Decoders some of whose layers see a document in both directions while a task's adapter is on.</summary>
public sealed class BidirectionalLayersTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Decoders => ["gpt2", "llama", "gpt_neox", "opt"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Decoders))]
    public void A_later_token_changes_earlier_states_where_some_layer_sees_it_and_nowhere_else(string architecture)
    {
        foreach (var (groups, sees) in new[] { ((bool[])[true, true], true), ([false, true], true), ([true, false], true), ([false, false], false), ([], false) })
        {
            using var adapted = New(architecture, groups);
            adapted.Set.Activate(AdaptedModel.Name);
            var (tokens, other) = (TinyModels.Tokens(6), TinyModels.Tokens(6, seed: 99));
            int[] changed = [.. tokens[..5], tokens[5] == 3 ? 4 : 3];
            var (before, after) = (TinyModels.Hidden(adapted.Model, tokens, other), TinyModels.Hidden(adapted.Model, changed, other));
            Assert.Equal(!sees, before.AsSpan(0, 12).SequenceEqual(after.AsSpan(0, 12)));
            // Never across documents.
            Assert.Equal(before[(6 * 12)..], after[(6 * 12)..]);
            adapted.Set.Deactivate();
            Assert.Null(adapted.Model.BidirectionalLayers);
        }
    }

    [Fact]
    public void Without_a_group_that_sees_both_directions_the_model_is_causal_to_the_bit()
    {
        using var plain = New("llama", []);
        using var none = New("llama", [false, false]);
        Assert.Equal(plain.AdaptedOutput(), none.AdaptedOutput());
        using var some = New("llama", [true, false]);
        Assert.NotEqual(plain.AdaptedOutput(), some.AdaptedOutput());
    }

    [Fact]
    public void Layers_are_divided_evenly_among_groups()
    {
        using var backend = Tensors.Backends.Create(1);
        using var model = TinyModels.Create(TinyModels.Configuration("llama") with { Layers = 6 }, backend);
        Assert.Equal([2, 5], BidirectionalLayers.Of(model, new() { BidirectionalGroups = [false, true, false, true] })!.Order());
        Assert.Equal([0, 1, 2], BidirectionalLayers.Of(model, new() { BidirectionalGroups = [true, false] })!.Order());
        Assert.Throws<CoppiceException>(() => BidirectionalLayers.Of(model, new() { BidirectionalGroups = [true, false, true, false, true, false, true] }));
    }

    [Fact]
    public void Such_a_model_continues_no_text_and_is_merged_into_no_weights()
    {
        using var adapted = New("gpt2", [false, true]);
        adapted.Set.Activate(AdaptedModel.Name);
        Assert.Contains("both directions", Assert.Throws<CoppiceException>(() => adapted.Model.CreateCache()).Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => adapted.Model.RequireCausal("predict"));
        adapted.Set.Deactivate();
        using (adapted.Model.CreateCache())
        {
        }

        Assert.Contains("both directions", Assert.Throws<CoppiceException>(() => AdapterMerge.Into(adapted.Set, AdaptedModel.Name)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bert")]
    [InlineData("mistral")]
    [InlineData("t5")]
    public void Models_without_a_mask_that_could_be_removed_are_refused(string architecture)
    {
        using var backend = Tensors.Backends.Create(1);
        using var model = TinyModels.Create(architecture, backend);
        Assert.Throws<CoppiceException>(() => BidirectionalLayers.Of(model, new() { BidirectionalGroups = [true] }));
    }

    [Theory]
    [InlineData("lora", "COPPICE_BIDIRECTIONAL_LORA")]
    [InlineData("lst", "COPPICE_BIDIRECTIONAL_COPPICE_LST")]
    public void It_is_kept_with_the_adapter_under_a_type_that_other_tools_refuse(string method, string type)
    {
        using var adapted = New("llama", [false, true], method);
        adapted.Train();
        AdapterDirectory.Save(_folder.At("a"), adapted.Set, AdaptedModel.Name);
        Assert.Contains($"\"{type}\"", File.ReadAllText(_folder.At($"a/{AdapterDirectory.ConfigurationFile}")), StringComparison.Ordinal);
        using var fresh = TinyModels.Create("llama", adapted.Backend);
        using var set = new AdapterSet(fresh);
        Assert.Equal([false, true], AdapterDirectory.Load(_folder.At("a"), set, "loaded").Settings.BidirectionalGroups);
        set.Activate("loaded");
        Assert.Equal(adapted.AdaptedOutput(), AdaptedModel.Output(fresh));
    }

    private static AdaptedModel New(string architecture, bool[] groups, string method = "lora") => new(method, architecture, AdaptedModel.Settings(method) with { BidirectionalGroups = groups });
}
