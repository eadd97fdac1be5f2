namespace Coppice.Continual.Tests.Toy;

/// <summary>The toy is as hard as it is meant to be: what the tests of updates lean on.</summary>
public sealed class MarkovWorldTests(MarkovWorld world) : IClassFixture<MarkovWorld>
{
    [Fact]
    public void The_parent_knows_A_almost_as_well_as_can_be_and_nothing_of_B()
    {
        var (a, b) = (world.Sources[0], world.Sources[1]);
        Assert.InRange(a.EntropyRate, 1.2, Math.Log(4));
        Assert.InRange(b.EntropyRate, 1.2, Math.Log(4));
        Assert.InRange(world.Loss(world.Parent, 0), a.EntropyRate - 0.03, a.EntropyRate + 0.1);
        Assert.True(world.Loss(world.Parent, 1) > Math.Log(MarkovSource.Symbols), "B should be worse than unknown to the parent");
    }

    [Fact]
    public void An_update_without_replay_learns_B_and_forgets_A_until_the_end()
    {
        var outcome = world.Update(new UpdateArm());
        Assert.InRange(outcome.New, world.Sources[1].EntropyRate - 0.03, world.Sources[1].EntropyRate + 0.15);
        Assert.True(outcome.Old > 4, $"A: {outcome.Old}");
        Assert.True(outcome.HighestOldStep > 200, $"highest at step {outcome.HighestOldStep}");
    }

    [Fact]
    public void The_more_is_replayed_the_less_is_forgotten_and_the_less_learned()
    {
        var outcomes = new[] { 0.02, 0.1, 0.5 }.Select(share => world.Update(new UpdateArm { ReplayShare = share })).ToArray();
        for (var i = 1; i < outcomes.Length; i++)
        {
            Assert.True(outcomes[i].Old < outcomes[i - 1].Old - 0.3, $"A: {string.Join(", ", outcomes.Select(outcome => outcome.Old))}");
            Assert.True(outcomes[i].New > outcomes[i - 1].New, $"B: {string.Join(", ", outcomes.Select(outcome => outcome.New))}");
        }

        // With replay the worst lies at the beginning.
        Assert.True(outcomes[1].HighestOldStep <= 75, $"highest at step {outcomes[1].HighestOldStep}");
        Assert.True(outcomes[1].HighestOld > outcomes[1].Old + 0.5);
    }

    [Fact]
    public void The_same_update_twice_gives_the_same_weights()
    {
        float[] Weights()
        {
            using var child = world.NewChild();
            world.Update(child, new UpdateArm { Steps = 10, ReplayShare = 0.1, MicroBatches = 2 });
            var weights = new float[child.Parameters.Values.Count];
            child.Parameters.Values.CopyTo(0, weights);
            return weights;
        }

        Assert.Equal(Weights(), Weights());
    }
}
