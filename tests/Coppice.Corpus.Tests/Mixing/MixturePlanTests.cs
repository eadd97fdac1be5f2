using Coppice.Corpus.Mixing;
using Coppice.Foundation;
using Xunit;

namespace Coppice.Corpus.Tests.Mixing;

public sealed class MixturePlanTests
{
    [Theory]
    [InlineData(1, 0.1, 0.9)]
    [InlineData(2, 0.25, 0.75)]
    [InlineData(double.PositiveInfinity, 0.5, 0.5)]
    public void Shares_are_weight_times_size_to_the_power_of_one_over_the_temperature(double temperature, double small, double large)
    {
        var plan = MixturePlan.Make([Source("small", 10_000), Source("large", 90_000)], [], temperature, 1000);
        Assert.Equal([small, large], plan.Mixture.Segments[0].Shares.Select(share => Math.Round(share, 12)));
    }

    [Fact]
    public void Weights_alone_give_the_choices_of_a_fixed_mixture()
    {
        var plan = MixturePlan.Make([Source("a", 5000) with { Weight = 1 }, Source("b", 70_000) with { Weight = 2.5 }, Source("c", 100) with { Weight = 0.3 }], [], double.PositiveInfinity, 2000);
        var mixture = new FixedMixture([1, 2.5, 0.3]);
        var drawn = new long[3];
        for (var total = 0L; total < 2000; total++)
        {
            var source = plan.Mixture.Next(drawn, total);
            Assert.Equal(mixture.Next(drawn, total), source);
            drawn[source]++;
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public void Every_source_stays_within_a_sequence_of_its_planned_count_whatever_stages_and_limits(int count)
    {
        for (var trial = 0; trial < 60; trial++)
        {
            var random = new Random(trial);
            var sources = Enumerable.Range(0, count).Select(i => Source($"{i}", random.Next(500, 40_000)) with
            {
                Weight = 0.05 + random.NextDouble(), MaximumEpochs = i > 0 && random.Next(2) == 0 ? 0.5 + 3 * random.NextDouble() : double.PositiveInfinity,
            }).ToArray();
            List<MixtureStage> stages = [Stage(700), Stage(1400)];
            var plan = MixturePlan.Make(sources, stages, random.Next(1, 4), 2000);
            var drawn = new long[count];
            for (var total = 0L; total < 2000; total++)
            {
                drawn[plan.Mixture.Next(drawn, total)]++;
                var segment = plan.Mixture.Segments.Last(s => s.From <= total + 1);
                for (var i = 0; i < count; i++)
                {
                    var planned = segment.Taken[i] + segment.Shares[i] * (total + 1 - segment.From);
                    Assert.InRange(drawn[i] - planned, -1 + 1e-6, 1 - 1e-6);
                    Assert.True(drawn[i] <= sources[i].MaximumSequences);
                }
            }

            Assert.Equal(2000, plan.Stages.Sum(stage => stage.Sequences.Sum()), 1e-6);

            MixtureStage Stage(long from) => new(from, [.. Enumerable.Range(0, count).Select(i => i > 0 && random.Next(3) == 0 ? 0 : random.NextDouble() + 0.01)]);
        }
    }

    [Fact]
    public void A_limit_of_epochs_is_reached_exactly_and_never_passed()
    {
        var plan = MixturePlan.Make([Source("small", 2001) with { Weight = 9, MaximumEpochs = 4 }, Source("large", 1_000_001)], [], double.PositiveInfinity, 5000);
        var drawn = new long[2];
        for (var total = 0L; total < 5000; total++) drawn[plan.Mixture.Next(drawn, total)]++;
        Assert.Equal([4 * 20, 5000 - 4 * 20], drawn);
        Assert.Equal(4, plan.Epochs(plan.Stages[0], 0), 1e-9);
    }

    [Fact]
    public void A_limit_of_tokens_counts_repeated_ones()
    {
        var plan = MixturePlan.Make([Source("small", 2001) with { MaximumTokens = 12_345 }, Source("large", 1_000_001)], [], double.PositiveInfinity, 1000);
        Assert.Equal(12_300, plan.Tokens(plan.Stages[0], 0), 1e-6);
    }

    [Fact]
    public void A_late_stage_raises_a_source_and_gives_exactly_its_share_of_it()
    {
        var plan = MixturePlan.Make([Source("web", 1_000_000) with { Weight = 9 }, Source("code", 500_000)], [new MixtureStage(800, [0.5, 0.5])], double.PositiveInfinity, 1000);
        var drawn = new long[2];
        for (var total = 0L; total < 800; total++) drawn[plan.Mixture.Next(drawn, total)]++;
        Assert.Equal([720, 80], drawn);
        for (var total = 800L; total < 1000; total++) drawn[plan.Mixture.Next(drawn, total)]++;
        Assert.Equal([820, 180], drawn);
        Assert.Equal([800L, 1000L], plan.Stages.Select(stage => stage.To));
    }

    [Fact]
    public void Limits_that_leave_less_text_than_the_run_takes_are_told()
    {
        var error = Assert.Throws<CoppiceException>(() => MixturePlan.Make([Source("a", 1001) with { MaximumEpochs = 4 }, Source("b", 1001) with { MaximumEpochs = 4 }], [], 1, 100));
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.Contains("80 %", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sampler_under_a_staged_mixture_goes_on_from_any_position_as_if_it_had_not_stopped()
    {
        using var small = SequenceSamplerTests.Numbered(501);
        using var large = SequenceSamplerTests.Numbered(5001);
        SequenceSampler Fresh()
        {
            PlannedSource[] sources = [Planned("small", small) with { MaximumEpochs = 3 }, Planned("large", large)];
            var mixture = MixturePlan.Make(sources, [new MixtureStage(60, [3, 1])], 2, 120).Mixture;
            return new SequenceSampler([new SamplerSource("small", small), new SamplerSource("large", large)], 10, seed: 3, mixture: mixture);
        }

        var whole = Fresh();
        var sequences = Enumerable.Range(0, 120).Select(_ => Next(whole)).ToList();
        foreach (var cut in new[] { 1, 59, 60, 61, 100 })
        {
            var first = Fresh();
            for (var i = 0; i < cut; i++) Next(first);
            var second = Fresh();
            second.Restore(first.Position);
            for (var i = cut; i < 120; i++) Assert.Equal(sequences[i], Next(second));
        }

        static PlannedSource Planned(string name, TokenStore store) => new(name, store.TokenCount, EpochShape.Of(store.TokenCount, 10));

        static int[] Next(SequenceSampler sampler)
        {
            var batch = new PackedBatch();
            sampler.Next(batch, 1);
            return [.. batch.Tokens[..batch.Count], .. batch.Sources[..batch.Count]];
        }
    }

    private static PlannedSource Source(string name, long tokens) => new(name, tokens, EpochShape.Of(tokens, 100));
}
