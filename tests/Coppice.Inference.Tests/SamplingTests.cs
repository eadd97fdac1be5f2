using Coppice.Tensors;

namespace Coppice.Inference.Tests;

public sealed class SamplingTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(37)]
    [InlineData(199)]
    public void Top_k_keeps_the_k_largest(int k)
    {
        for (var seed = 0UL; seed < 20; seed++)
        {
            var logits = RandomLogits(200, seed);
            var expected = logits.OrderDescending().Take(k).ToHashSet();
            var actual = logits.ToArray();
            new TopK(k).Apply(actual);
            Assert.Equal(logits.Select(x => expected.Contains(x) ? x : float.NegativeInfinity), actual);
        }
    }

    [Theory]
    [InlineData(0.001)]
    [InlineData(0.3)]
    [InlineData(0.9)]
    [InlineData(0.999)]
    public void Top_p_keeps_the_fewest_largest_with_that_probability(double p)
    {
        for (var seed = 0UL; seed < 20; seed++)
        {
            var logits = RandomLogits(200, seed);
            var total = logits.Sum(x => Math.Exp(x));
            var (sum, kept) = (0.0, new HashSet<float>());
            foreach (var logit in logits.OrderDescending())
            {
                if (sum >= p * total) break;
                sum += Math.Exp(logit);
                kept.Add(logit);
            }

            var actual = logits.ToArray();
            new TopP(p).Apply(actual);
            Assert.Equal(logits.Select(x => kept.Contains(x) ? x : float.NegativeInfinity), actual);
        }
    }

    [Fact]
    public void Tokens_as_probable_as_the_last_one_stay()
    {
        var logits = new float[] { 1, 3, 1, 2, 1, -5 };
        new TopK(3).Apply(logits);
        Assert.Equal([1, 3, 1, 2, 1, float.NegativeInfinity], logits);
        new TopK(1).Apply(logits);
        Assert.Equal(3, logits.Max());
        Assert.Single(logits, float.IsFinite);
    }

    [Fact]
    public void Steps_leave_excluded_tokens_excluded()
    {
        float[] start = [float.NegativeInfinity, 2, float.NegativeInfinity, 1];
        foreach (var step in new ILogitsStep[] { new TopK(3), new TopP(0.9999999), new Temperature(0.5), new Temperature(1e-30) })
        {
            var logits = start.ToArray();
            step.Apply(logits);
            Assert.True(logits is [float.NegativeInfinity, _, float.NegativeInfinity, _] && float.IsFinite(logits[1]), step.ToString());
        }
    }

    [Fact]
    public void Draws_follow_the_probabilities_at_a_temperature()
    {
        const int Draws = 20000;
        double[] probabilities = [0.5, 0.25, 0.125, 0.125];
        var weights = probabilities.Select(p => Math.Pow(p, 1 / 1.5)).ToArray();
        var sampler = new TokenSampler(new GenerationOptions { Temperature = 1.5, TopP = 1, Seed = 11 });
        var counts = new int[4];
        for (var n = 0; n < Draws; n++) counts[sampler.Next(Logits(), n)]++;
        for (var i = 0; i < 4; i++)
        {
            var expected = weights[i] / weights.Sum();
            // Five standard errors.
            Assert.Equal(expected, (double)counts[i] / Draws, 5 * Math.Sqrt(expected * (1 - expected) / Draws));
        }

        float[] Logits() => [.. probabilities.Select(p => (float)Math.Log(p) + 100)];
    }

    [Fact]
    public void A_draw_depends_on_seed_and_position_alone()
    {
        var a = new TokenSampler(new GenerationOptions { Temperature = 1, TopP = 1, Seed = 3 });
        var b = new TokenSampler(new GenerationOptions { Temperature = 1, TopP = 1, Seed = 3 });
        var forward = Enumerable.Range(0, 50).Select(n => a.Next(new float[1000], n)).ToList();
        var backward = Enumerable.Range(0, 50).Reverse().Select(n => b.Next(new float[1000], n)).Reverse().ToList();
        Assert.Equal(forward, backward);
        Assert.True(forward.Distinct().Count() > 30);
    }

    [Fact]
    public void Greedy_takes_the_first_of_the_most_probable_and_a_tiny_temperature_agrees()
    {
        Assert.Equal(1, new TokenSampler(new GenerationOptions { Temperature = 0 }).Next([1, 5, 5, 0], 0));
        Assert.Equal(2, new TokenSampler(new GenerationOptions { Temperature = 1e-6 }).Next([1, 4, 5, 0], 0));
    }

    private static float[] RandomLogits(int count, ulong seed)
    {
        var random = new Philox(seed, 1);
        return [.. Enumerable.Range(0, count).Select(i => 3 * random.Normal((ulong)i))];
    }
}
