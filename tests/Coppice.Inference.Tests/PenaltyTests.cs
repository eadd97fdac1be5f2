using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Inference.Tests;

public sealed class PenaltyTests
{
    private const float No = float.NegativeInfinity;

    [Theory]
    [InlineData(0.001)]
    [InlineData(0.1)]
    [InlineData(1)]
    public void Min_p_keeps_what_is_probable_enough_beside_the_most_probable(double p)
    {
        for (var seed = 0UL; seed < 20; seed++)
        {
            var random = new Philox(seed, 1);
            var logits = Enumerable.Range(0, 200).Select(i => 3 * random.Normal((ulong)i)).ToArray();
            var most = logits.Max(logit => Math.Exp(logit));
            var actual = logits.ToArray();
            new MinP(p).Apply(actual);
            Assert.Equal(logits.Select(logit => Math.Exp(logit) >= p * most * (1 - 1e-12) ? logit : No), actual);
        }
    }

    [Fact]
    public void Repetition_penalty_reaches_prompt_and_text_once()
    {
        var step = new RepetitionPenalty(2, prompt: [0, 1, 1]);
        Assert.Equal([1, -6, 4, No], Applied(step, [2, -3, 4, No]));
        step.Accept(2);
        step.Accept(2);
        step.Accept(3);
        Assert.Equal([1, -6, 2, No], Applied(step, [2, -3, 4, No]));
    }

    [Fact]
    public void Presence_counts_once_and_frequency_each_time()
    {
        var step = new OccurrencePenalty(presence: 0.5, frequency: 0.25);
        Assert.Equal([1, 2, 3], Applied(step, [1, 2, 3]));
        step.Accept(2);
        step.Accept(0);
        step.Accept(2);
        Assert.Equal([0.25f, 2, 2], Applied(step, [1, 2, 3]));
    }

    [Fact]
    public void A_bias_can_force_and_forbid_a_token()
    {
        var logits = () => new float[] { 3, 2, 1 };
        Assert.Equal(2, Sampler(new Dictionary<int, double> { [2] = 100 }).Next(logits(), 0));
        Assert.Equal(1, Sampler(new Dictionary<int, double> { [0] = -100 }).Next(logits(), 0));

        static TokenSampler Sampler(Dictionary<int, double> bias) => new(new GenerationOptions { Temperature = 0, LogitBias = bias });
    }

    [Fact]
    public void A_penalised_token_is_not_drawn_again_where_another_is_near()
    {
        var sampler = new TokenSampler(new GenerationOptions { Temperature = 0, PresencePenalty = 2 });
        Assert.Equal([0, 1, 2, 0], Enumerable.Range(0, 4).Select(n => sampler.Next([3, 2, 1.5f, -9], n)));
        var repeated = new TokenSampler(new GenerationOptions { Temperature = 0, RepetitionPenalty = 3 }, prompt: [0]);
        Assert.Equal(1, repeated.Next([3, 2, 1, -9], 0));
    }

    [Fact]
    public void Probabilities_are_the_models_own_whatever_is_done_to_the_logits()
    {
        float[] logits = [(float)Math.Log(0.1) + 7, (float)Math.Log(0.6) + 7, (float)Math.Log(0.3) + 7];
        var sampler = new TokenSampler(new GenerationOptions { Temperature = 0, LogProbabilities = 2, LogitBias = new Dictionary<int, double> { [0] = 100 } });
        Assert.Equal(0, sampler.Next(logits.ToArray(), 0));
        var found = sampler.LogProbabilities!;
        Assert.Equal(0, found.Token);
        Assert.Equal(Math.Log(0.1), found.LogProbability, 1e-5);
        Assert.Equal([1, 2], found.Top.Select(top => top.Token));
        Assert.Equal(Math.Log(0.3), found.Top[1].LogProbability, 1e-5);
        Assert.Empty(TokenLogProbabilities.Of(logits, 1, top: 0).Top);
        Assert.Equal([1, 2, 0], TokenLogProbabilities.Of(logits, 1, top: 20).Top.Select(top => top.Token));
        Assert.Null(new TokenSampler(new GenerationOptions { Temperature = 0 }).LogProbabilities);
    }

    [Fact]
    public void Options_out_of_range_are_usage_errors()
    {
        var good = new GenerationOptions { MinP = 1, PresencePenalty = -2, FrequencyPenalty = 2, LogProbabilities = 20, LogitBias = new Dictionary<int, double> { [9] = -100 } };
        good.Check(10);
        foreach (var bad in new[]
        {
            good with { MinP = -0.1 }, good with { MinP = 1.1 }, good with { MinP = double.NaN }, good with { RepetitionPenalty = 0 }, good with { RepetitionPenalty = double.NaN },
            good with { RepetitionPenalty = 1000 }, good with { PresencePenalty = 2.1 }, good with { PresencePenalty = double.NaN }, good with { FrequencyPenalty = -3 },
            good with { LogProbabilities = -1 }, good with { LogProbabilities = 21 }, good with { LogitBias = new Dictionary<int, double> { [10] = 1 } },
            good with { LogitBias = new Dictionary<int, double> { [-1] = 1 } }, good with { LogitBias = new Dictionary<int, double> { [1] = 101 } },
            good with { LogitBias = new Dictionary<int, double> { [1] = double.NaN } },
        })
        {
            Assert.Equal(ExitCode.Usage, Assert.Throws<CoppiceException>(() => bad.Check(10)).ExitCode);
        }
    }

    private static float[] Applied(ILogitsStep step, float[] logits)
    {
        step.Apply(logits);
        return logits;
    }
}
