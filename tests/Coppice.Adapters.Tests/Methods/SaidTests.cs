using Coppice.Adapters.Methods;
using Coppice.Foundation;

namespace Coppice.Adapters.Tests.Methods;

/// <summary>A change of all targets within one random subspace.</summary>
public class SaidTests
{
    [Fact]
    public void The_dimension_counts_the_vector_and_a_factor_for_each_layer()
    {
        using var adapted = new AdaptedModel("said", "llama");
        Assert.Equal(40, adapted.Adapter.Parameters.Count);
        Assert.Equal(38, adapted.Adapter.Parameters["said_vector"].Count);
        Assert.Equal([1f], adapted.Adapter.Parameters["said_factor.0"].Tensor.ToArray());
        Assert.Equal([1f], adapted.Adapter.Parameters["said_factor.1"].Tensor.ToArray());
        Assert.Contains("layers", Assert.Throws<CoppiceException>(() => new AdaptedModel("said", "llama", AdaptedModel.Settings("said") with { Said = new SaidSettings { Dimension = 2 } })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_targets_map_depends_on_its_name_alone()
    {
        using var all = new AdaptedModel("said", "llama", seed: 1);
        using var some = new AdaptedModel("said", "llama", AdaptedModel.Settings("said") with { Targets = TargetPattern.Of("v_proj") }, seed: 2);
        Assert.Equal(Change(all), Change(some));

        static float[] Change(AdaptedModel adapted)
        {
            adapted.Adapter.Parameters["said_vector"].Tensor.CopyFrom([.. Enumerable.Range(0, 38).Select(i => i * 0.01f)]);
            var target = adapted.Adapter.Targets.Single(target => target.Name.Contains("layers.1.", StringComparison.Ordinal) && target.Name.EndsWith("v_proj", StringComparison.Ordinal));
            var before = target.ReadWeight();
            var merge = AdapterMerge.Into(adapted.Set, AdaptedModel.Name);
            var after = target.ReadWeight();
            merge.Undo();
            return [.. after.Zip(before, (a, b) => a - b)];
        }
    }

    [Fact]
    public void A_layers_factor_multiplies_the_change_of_its_targets()
    {
        using var adapted = new AdaptedModel("said", "gpt2");
        adapted.Adapter.Parameters["said_vector"].Tensor.CopyFrom([.. Enumerable.Range(0, 38).Select(i => i * 0.01f)]);
        adapted.Adapter.Parameters["said_factor.0"].Tensor.CopyFrom([0f]);
        var before = adapted.Adapter.Targets.Select(target => target.ReadWeight()).ToList();
        var merge = AdapterMerge.Into(adapted.Set, AdaptedModel.Name);
        foreach (var (target, weight) in adapted.Adapter.Targets.Zip(before))
        {
            if (target.Name.Contains(".h.0.", StringComparison.Ordinal)) Assert.Equal(weight, target.ReadWeight());
            else Assert.NotEqual(weight, target.ReadWeight());
        }

        merge.Undo();
    }
}
