using Coppice.Adapters.Methods;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Tests.Methods;

/// <summary>Methods that know the singular vectors of a weight: SVFT and KaSA; and the places of DSEE.</summary>
public class SpectralTests
{
    [Theory]
    [InlineData(SvftPattern.Plain, 1)]
    [InlineData(SvftPattern.Banded, 1)]
    [InlineData(SvftPattern.Banded, 4)]
    [InlineData(SvftPattern.Banded, 400)]
    [InlineData(SvftPattern.Random, 30)]
    public void Patterns_of_svft_have_the_entries_of_their_formulas_and_each_once(SvftPattern pattern, int size)
    {
        var settings = new SvftSettings { Pattern = pattern, Size = size };
        using var adapted = new AdaptedModel("svft", "llama", AdaptedModel.Settings("svft") with { Svft = settings });
        foreach (var target in adapted.Adapter.Targets)
        {
            var (width, side) = (Math.Min(target.Inputs, target.Outputs), Math.Min(size, Math.Min(target.Inputs, target.Outputs) - 1));
            Assert.Equal(pattern switch { SvftPattern.Plain => width, SvftPattern.Banded => width * (2 * side + 1) - side * (side + 1), _ => size }, target.Entries);
            if (Svft.Places(target, settings) is not { } places) continue;
            Assert.Equal(target.Entries, places.Distinct().Count());
            Assert.Equal(places.Order(), places);
            Assert.All(places, place => Assert.InRange(place, 0, width * width - 1));
            if (pattern == SvftPattern.Banded) Assert.All(places, place => Assert.InRange(Math.Abs(place / width - place % width), 0, side));
        }
    }

    [Theory]
    [InlineData(SvftPattern.Plain, 1)]
    [InlineData(SvftPattern.Banded, 2)]
    [InlineData(SvftPattern.Random, 30)]
    public void Svft_of_every_pattern_is_the_base_at_first_and_merges(SvftPattern pattern, int size)
    {
        using var adapted = new AdaptedModel("svft", "gpt2", AdaptedModel.Settings("svft") with { Svft = new SvftSettings { Pattern = pattern, Size = size } });
        Assert.Equal(adapted.Output(), adapted.AdaptedOutput());
        adapted.Train(4, 0.1);
        Assert.True(AdaptedModel.RelativeError(adapted.Output(), adapted.AdaptedOutput()) > 1e-3);
        Assert.True(AdapterMergeCheck.Of(adapted.Set, AdaptedModel.Name).Passed);
    }

    [Fact]
    public void A_multiple_of_the_singular_values_in_the_middle_of_svft_is_a_multiple_of_the_weight()
    {
        using var adapted = new AdaptedModel("svft", "llama");
        foreach (var target in adapted.Adapter.Targets)
        {
            var weight = target.ReadWeight();
            var svd = TruncatedSvd.Of(weight, target.Outputs, target.Inputs, target.Entries, new Philox(1, 1));
            adapted.Adapter.Parameters[target.Name + ".svft_m"].Tensor.CopyFrom([.. svd.Values.Select(value => (float)(0.5 * value))]);
        }

        var before = adapted.Adapter.Targets.Select(target => target.ReadWeight()).ToList();
        var merge = AdapterMerge.Into(adapted.Set, AdaptedModel.Name);
        foreach (var (target, weight) in adapted.Adapter.Targets.Zip(before)) Assert.True(AdaptedModel.RelativeError([.. weight.Select(value => 1.5f * value)], target.ReadWeight()) < 1e-5);
        merge.Undo();
    }

    [Fact]
    public void Kasa_begins_without_the_smallest_singular_components_and_no_others()
    {
        using var adapted = new AdaptedModel("kasa", "llama");
        foreach (var target in adapted.Adapter.Targets)
        {
            var (inputs, outputs, rank) = (target.Inputs, target.Outputs, target.Rank);
            var most = Math.Min(inputs, outputs);
            var svd = TruncatedSvd.Of(target.ReadWeight(), outputs, inputs, most, new Philox(1, 1));
            var (a, b) = (adapted.Adapter.Frozen[target.Name + ".removed_A"].Tensor.ToArray(), adapted.Adapter.Frozen[target.Name + ".removed_B"].Tensor.ToArray());
            var removed = new MergedWeight(outputs, inputs, new float[outputs * inputs], null);
            removed.AddProduct(b, a, 1);
            var expected = svd.Values.Skip(most - rank).Sum(value => value * value);
            Assert.Equal(expected, removed.Weight.Sum(value => (double)value * value), 1e-4 * expected + 1e-9);
            // What is left has nothing of them: its product with each right vector that was taken is 0.
            var left = new MergedWeight(outputs, inputs, target.ReadWeight(), null);
            left.AddProduct(b, a, -1);
            for (var k = 0; k < rank; k++)
            {
                for (var row = 0; row < outputs; row++) Assert.Equal(0, Enumerable.Range(0, inputs).Sum(column => (double)left.Weight[row * inputs + column] * a[k * inputs + column]), 1e-5);
            }
        }

        var start = adapted.AdaptedOutput();
        foreach (var target in adapted.Adapter.Targets) adapted.Adapter.Parameters[target.Name + ".lora_diag"].Tensor.CopyFrom(new float[target.Rank]);
        Assert.Equal(start, adapted.AdaptedOutput());
        Assert.NotEqual(start, adapted.Output());
    }

    [Fact]
    public void Where_the_second_factor_is_nothing_the_penalty_of_kasa_does_not_disturb_it()
    {
        using var adapted = new AdaptedModel("kasa", "gpt2");
        using var penalty = adapted.Adapter.CreateTraining(1).Penalty!;
        adapted.Adapter.Parameters.Gradients!.Clear();
        Assert.True(penalty.AddGradient(adapted.Adapter.Parameters) > 0);
        foreach (var parameter in adapted.Adapter.Parameters.Parameters)
        {
            var isSecond = parameter.Name.EndsWith("lora_B.weight", StringComparison.Ordinal);
            Assert.Equal(isSecond, parameter.Tensor.GradientToArray().All(value => value == 0));
        }
    }

    [Fact]
    public void Kasa_that_would_leave_nothing_is_refused() =>
        Assert.Contains("leaves nothing", Assert.Throws<CoppiceException>(() => new AdaptedModel("kasa", "gpt2", AdaptedModel.Settings("kasa") with { Rank = 12 })).Message, StringComparison.Ordinal);

    [Fact]
    public void Dsee_puts_its_entries_where_a_matrix_of_low_rank_is_not_the_reason()
    {
        using var adapted = new AdaptedModel("dsee", "gpt2", AdaptedModel.Settings("dsee") with { Rank = 2, Dsee = new DseeSettings { Entries = 3 } });
        var target = adapted.Adapter.Targets[0];
        var (weight, random) = (new float[target.Inputs * target.Outputs], new Philox(3, 3));
        // A matrix of rank 2 with entries up to about 4, and three numbers in it that do not belong there.
        for (var i = 0; i < weight.Length; i++)
        {
            for (var k = 0; k < 2; k++) weight[i] += random.Normal((ulong)(k * 1000 + i / target.Inputs)) * random.Normal((ulong)(5000 + k * 1000 + i % target.Inputs));
        }

        int[] places = [17, 100, 333];
        foreach (var place in places) weight[place] += 9;
        Assert.Equal(places, Dsee.Places(weight, target, random));
        var other = Dsee.Places(target.ReadWeight(), target, random);
        Assert.Equal(3, other.Distinct().Count());
    }

    [Fact]
    public void An_adapter_of_dsee_whose_places_are_none_is_refused()
    {
        using var adapted = new AdaptedModel("dsee", "gpt2");
        var contents = AdapterContents.Of(adapted.Adapter);
        var broken = contents with { Tensors = [.. contents.Tensors.Select(tensor => tensor.Name.EndsWith("sparse_rows", StringComparison.Ordinal) ? tensor with { Values = [.. tensor.Values.Select(_ => 1e6f)] } : tensor)] };
        Assert.Contains("sparse_rows", Assert.Throws<CoppiceException>(() => broken.AddTo(adapted.Set, "broken")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("adalora")]
    [InlineData("increlora")]
    [InlineData("svft")]
    [InlineData("kasa")]
    [InlineData("dsee")]
    public void As_a_lora_each_of_them_computes_the_same(string method)
    {
        using var adapted = new AdaptedModel(method, "llama");
        adapted.Train(4);
        var lora = AdapterConversion.ToLora(adapted.Adapter);
        Assert.Equal("lora", lora.Settings.Method);
        lora.AddTo(adapted.Set, "lora");
        adapted.Set.Activate("lora");
        var converted = adapted.Output();
        adapted.Set.Deactivate();
        Assert.True(AdaptedModel.RelativeError(adapted.AdaptedOutput(), converted) < 1e-5);
    }
}
