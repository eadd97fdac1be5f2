using Coppice.Adapters.Methods;
using Coppice.Foundation;

namespace Coppice.Adapters.Tests.Methods;

public class LoraPlusTests
{
    [Fact]
    public void With_plain_descent_the_second_factor_moves_as_much_more_as_the_ratio_says_and_the_first_not_at_all()
    {
        var (plain, fast) = (Step(null), Step(4));
        Assert.All(plain.Zip(fast), pair => Assert.Equal(pair.First.Name.EndsWith("lora_B.weight", StringComparison.Ordinal) ? pair.First.Values.Select(value => 4 * value) : pair.First.Values, pair.Second.Values));
        Assert.Contains(plain, parameter => parameter.Values.Any(value => value != 0) && parameter.Name.EndsWith("lora_B.weight", StringComparison.Ordinal));
    }

    [Fact]
    public void A_ratio_of_one_is_plain_lora() => Assert.Equal(Step(null).SelectMany(parameter => parameter.Values), Step(1).SelectMany(parameter => parameter.Values));

    [Fact]
    public void Ratios_below_one_and_adapters_without_factors_are_refused()
    {
        using var lora = new AdaptedModel("lora", "gpt2");
        Assert.Throws<CoppiceException>(() => new LoraPlus(lora.Adapter.Parameters, 0.5));
        Assert.Throws<CoppiceException>(() => new LoraPlus(lora.Adapter.Parameters, double.NaN));
        using var vera = new AdaptedModel("vera", "gpt2");
        Assert.Throws<CoppiceException>(() => new LoraPlus(vera.Adapter.Parameters, 16));
    }

    // What a step from zero adds to each second factor, and the first factors as they are after it less what they were: a power of two as rate keeps every bit.
    private static List<(string Name, float[] Values)> Step(double? ratio)
    {
        using var adapted = new AdaptedModel("lora", "gpt2");
        var before = adapted.Adapter.Parameters.Parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Tensor.ToArray());
        adapted.Set.Activate(AdaptedModel.Name);
        using var trainer = adapted.NewTrainer(ratio is { } times ? new LoraPlus(adapted.Adapter.Parameters, times) : null, optimizer: "sgd");
        trainer.Apply(trainer.ComputeGradients([AdaptedModel.Batch(0)], 0), 0.125);
        return [.. adapted.Adapter.Parameters.Parameters.Select(parameter => (parameter.Name, parameter.Tensor.ToArray().Zip(before[parameter.Name], (after, was) => after - was).ToArray()))];
    }
}
