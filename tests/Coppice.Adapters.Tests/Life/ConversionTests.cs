using Coppice.Foundation;

namespace Coppice.Adapters.Tests.Life;

/// <summary>Adapters as plain LoRAs, and several as one.</summary>
public class ConversionTests
{
    [Theory]
    [InlineData("lora", 3)]
    [InlineData("rslora", 3)]
    [InlineData("vera", 3)]
    [InlineData("pissa", 6)]
    [InlineData("olora", 6)]
    public void A_converted_adapter_is_a_plain_lora_and_does_the_same(string method, int rank)
    {
        foreach (var architecture in AdaptedModel.Architectures)
        {
            using var adapted = new AdaptedModel(method, architecture);
            adapted.Train();
            var contents = AdapterConversion.ToLora(adapted.Adapter);
            Assert.Equal("lora", contents.Settings.Method);
            Assert.False(contents.Settings.RankStabilized);
            Assert.Equal(rank, contents.Settings.Rank);
            contents.AddTo(adapted.Set, "converted");
            var expected = adapted.AdaptedOutput();
            adapted.Set.Activate("converted");
            var error = AdaptedModel.RelativeError(expected, adapted.Output());
            Assert.True(error < 1e-5, $"{architecture}: {error}");
        }
    }

    [Fact]
    public void Alphas_that_differ_stay_what_they_were()
    {
        var settings = AdaptedModel.Settings("rslora") with { RankPattern = [new("v_proj", 2), new("down_proj", 1)], AlphaPattern = [new("v_proj", 9)] };
        using var adapted = new AdaptedModel("rslora", "llama", settings);
        adapted.Train();
        AdapterConversion.ToLora(adapted.Adapter).AddTo(adapted.Set, "converted");
        var expected = adapted.AdaptedOutput();
        adapted.Set.Activate("converted");
        Assert.True(AdaptedModel.RelativeError(expected, adapted.Output()) < 1e-5);
        Assert.Equal([3, 2, 1], adapted.Set["converted"].Targets.Where(target => target.Name.Contains("layers.0.", StringComparison.Ordinal)).Select(target => target.Rank).Distinct());
    }

    [Theory]
    [InlineData("dora")]
    [InlineData("ia3")]
    [InlineData("layers")]
    public void What_is_no_product_of_factors_can_not_be_converted(string method)
    {
        using var adapted = new AdaptedModel(method, "llama");
        Assert.Contains(method, Assert.Throws<CoppiceException>(() => AdapterConversion.ToLora(adapted.Adapter)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Adapters_side_by_side_add_their_changes_with_their_weights()
    {
        using var adapted = Two(out var first, out var second);
        AdapterCombination.Combine([(first, 0.5), (second, -2)], CombinationMethod.Concatenate).AddTo(adapted.Set, "both");
        var (one, other, both) = (Merged(adapted, AdaptedModel.Name), Merged(adapted, "other"), Merged(adapted, "both"));
        var own = Values(adapted);
        var expected = own.Select((value, i) => value + 0.5f * (one[i] - value) - 2 * (other[i] - value)).ToArray();
        Assert.True(AdaptedModel.RelativeError(expected, both) < 2e-6);
        Assert.All(adapted.Set["both"].Targets, target => Assert.Equal(5, target.Rank));
    }

    [Theory]
    [InlineData(CombinationMethod.Concatenate)]
    [InlineData(CombinationMethod.Linear)]
    public void One_adapter_with_a_weight_of_one_is_itself(CombinationMethod method)
    {
        using var adapted = Two(out var first, out _);
        AdapterCombination.Combine([(first, 1)], method).AddTo(adapted.Set, "same");
        var expected = adapted.AdaptedOutput();
        adapted.Set.Activate("same");
        Assert.True(AdaptedModel.RelativeError(expected, adapted.Output()) < 2e-6);
    }

    [Fact]
    public void A_linear_combination_sums_factors_and_a_negative_weight_turns_the_change_around()
    {
        using var adapted = Two(out var first, out var second);
        AdapterCombination.Combine([(first, -1)], CombinationMethod.Linear).AddTo(adapted.Set, "turned");
        AdapterCombination.Combine([(first, 0.25), (first, 0.75)], CombinationMethod.Linear).AddTo(adapted.Set, "mixed");
        var (own, one, turned) = (Values(adapted), Merged(adapted, AdaptedModel.Name), Merged(adapted, "turned"));
        Assert.True(AdaptedModel.RelativeError([.. own.Zip(one, (value, changed) => 2 * value - changed)], turned) < 2e-6);
        // (√¼ + √¾)² of the change: the factors are summed, not the changes.
        var factor = (float)Math.Pow(Math.Sqrt(0.25) + Math.Sqrt(0.75), 2);
        Assert.True(AdaptedModel.RelativeError([.. own.Zip(one, (value, changed) => value + factor * (changed - value))], Merged(adapted, "mixed")) < 2e-6);
        Assert.Contains("rank", Assert.Throws<CoppiceException>(() => AdapterCombination.Combine([(first, 1), (second, 1)], CombinationMethod.Linear)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Adapters_that_do_not_belong_together_are_refused()
    {
        using var adapted = Two(out var first, out _);
        var narrow = AdapterContents.Of(adapted.Set.Add("narrow", AdaptedModel.Settings("lora") with { Targets = TargetPattern.Of("q_proj") }, seed: 1));
        Assert.Throws<CoppiceException>(() => AdapterCombination.Combine([(first, 1), (narrow, 1)], CombinationMethod.Concatenate));
        var vera = AdapterContents.Of(adapted.Set.Add("vera", AdaptedModel.Settings("vera"), seed: 1));
        Assert.Throws<CoppiceException>(() => AdapterCombination.Combine([(first, 1), (vera, 1)], CombinationMethod.Concatenate));
        Assert.Throws<CoppiceException>(() => AdapterCombination.Combine([], CombinationMethod.Concatenate));
        Assert.Throws<CoppiceException>(() => AdapterCombination.Combine([(first, double.NaN)], CombinationMethod.Concatenate));
    }

    private static AdaptedModel Two(out AdapterContents first, out AdapterContents second)
    {
        var adapted = new AdaptedModel("lora", "llama");
        adapted.Train();
        first = AdapterContents.Of(adapted.Adapter);
        var other = adapted.Set.Add("other", AdaptedModel.Settings("rslora") with { Rank = 2, Alpha = 7 }, seed: 9);
        foreach (var parameter in other.Parameters.Parameters.Where(parameter => parameter.Name.EndsWith("lora_B.weight", StringComparison.Ordinal)))
            parameter.Tensor.CopyFrom([.. Enumerable.Range(0, (int)parameter.Count).Select(i => 0.01f * (i % 7 - 3))]);
        second = AdapterContents.Of(other);
        return adapted;
    }

    private static float[] Merged(AdaptedModel adapted, string name)
    {
        var merge = AdapterMerge.Into(adapted.Set, name);
        var values = Values(adapted);
        merge.Undo();
        return values;
    }

    private static float[] Values(AdaptedModel adapted) => [.. adapted.Model.Parameters.Parameters.SelectMany(parameter => parameter.Tensor.ToArray())];
}
