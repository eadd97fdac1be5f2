using Coppice.Continual.Surgery;
using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Adapters.Tests.Life;

/// <summary>TIES and DARE of what adapters change, with values worked out by hand.</summary>
public class ChangeMergeTests
{
    [Fact]
    public void Ties_keeps_the_largest_elects_a_sign_and_averages_what_agrees()
    {
        float[] first = [4, -1, 0.5f, 2], second = [-1, -3, 3, 0.1f];
        // Of each, the two largest stay: 4 and 2, -3 and 3. Nothing disagrees.
        Near([4, -3, 3, 2], Merge("ties", new MergeSettings { Density = 0.5 }, (first, 1), (second, 1)));
        // All stay. 4 - 1 is above 0, so 4 alone; -1 and -3 agree; and so do the others.
        Near([4, -2, 1.75f, 1.05f], Merge("ties", new MergeSettings { Density = 1 }, (first, 1), (second, 1)));
        // With the weights 1 and 5, 4 - 5 is below 0: -1 alone; the others' means are weighted.
        Near([-1, -16f / 6, 15.5f / 6, 2.5f / 6], Merge("ties", new MergeSettings { Density = 1 }, (first, 1), (second, 5)));
        Near([2, -1, 0.875f, 0.525f], Merge("ties", new MergeSettings { Density = 1, Scale = 0.5 }, (first, 1), (second, 1)));
    }

    [Fact]
    public void A_sign_is_elected_by_the_sum_or_by_how_many_have_it()
    {
        float[] one = [5, 1, 0, 0], other = [-1, 2, 0, 0], third = [-1, -9, 0, 0];
        Near([5, -9, 0, 0], Merge("ties", new MergeSettings { Density = 1 }, (one, 1), (other, 1), (third, 1)));
        Near([-1, 1.5f, 0, 0], Merge("ties", new MergeSettings { Density = 1, Sign = SignElection.Frequency }, (one, 1), (other, 1), (third, 1)));
    }

    [Fact]
    public void One_adapter_is_itself_opposite_ones_are_nothing_and_disjoint_ones_add_up()
    {
        float[] change = [4, -1, 0.5f, 2], turned = [-4, 1, -0.5f, -2];
        foreach (var method in new[] { "ties", "dare", "task_arithmetic" })
        {
            var settings = new MergeSettings { Density = 1 };
            Near(change, Merge(method, settings, (change, 1)));
            Near([0, 0, 0, 0], Merge(method, settings, (change, 1), (turned, 1)));
            Near([4, 0, 0.5f, 2], Merge(method, settings, ([4, 0, 0, 0], 1), ([0, 0, 0.5f, 2], 1)));
        }
    }

    [Fact]
    public void Dare_drops_changes_at_random_and_makes_the_others_larger()
    {
        float[] change = [4, -1, 0.5f, 2];
        var sums = new double[4];
        const int Seeds = 400;
        for (var seed = 0; seed < Seeds; seed++)
        {
            var merged = Merge("dare", new MergeSettings { Density = 0.25, Seed = (ulong)seed }, (change, 1));
            for (var i = 0; i < merged.Length; i++)
            {
                Assert.True(Math.Abs(merged[i]) < 1e-4 || Math.Abs(merged[i] - 4 * change[i]) < 1e-4, $"{merged[i]}");
                sums[i] += merged[i];
            }
        }

        // The deviation of one drawing is the change times the root of (1 - d) / d.
        for (var i = 0; i < 4; i++) Assert.True(Math.Abs(sums[i] / Seeds - change[i]) < 3 * Math.Abs(change[i]) * Math.Sqrt(3.0 / Seeds));
        var settings = new MergeSettings { Density = 0.25, Seed = 5 };
        Assert.Equal(Merge("dare", settings, (change, 1)), Merge("dare", settings, (change, 1)));
    }

    [Fact]
    public void A_cut_to_a_rank_loses_the_smallest_singular_values()
    {
        var whole = AdapterChangeMerge.Merge([(Contents([3, 0, 0, 4]), 1)], "task_arithmetic", new MergeSettings());
        Assert.Equal((2, 0.0), (whole.Contents.Settings.Rank, Math.Round(whole.Lost, 6)));
        var cut = AdapterChangeMerge.Merge([(Contents([3, 0, 0, 4]), 1)], "task_arithmetic", new MergeSettings(), rank: 1);
        Assert.Equal(1, cut.Contents.Settings.Rank);
        Assert.Equal(0.6, cut.Lost, 1e-6);
        Near([0, 0, 0, 4], AdapterConversion.FactorsOf(cut.Contents).Single().Product());
    }

    [Fact]
    public void What_a_method_can_not_do_is_refused()
    {
        var adapter = Contents([1, 2, 3, 4]);
        Assert.Throws<CoppiceException>(() => AdapterChangeMerge.Merge([(adapter, -1)], "ties", new MergeSettings()));
        Assert.Throws<CoppiceException>(() => AdapterChangeMerge.Merge([(adapter, 1)], "dare", new MergeSettings { Density = 0 }));
        Assert.Throws<CoppiceException>(() => AdapterChangeMerge.Merge([(adapter, 1)], "ties", new MergeSettings(), rank: 0));
        Assert.Throws<CoppiceException>(() => AdapterChangeMerge.Merge([], "ties", new MergeSettings()));
    }

    private static float[] Merge(string method, MergeSettings settings, params (float[] Change, double Weight)[] changes) =>
        AdapterConversion.FactorsOf(AdapterChangeMerge.Merge([.. changes.Select(change => (Contents(change.Change), change.Weight))], method, settings, rank: 2).Contents).Single().Product();

    /// <summary>An adapter that changes one matrix of two rows and columns: B is half the change, A the identity, the scale 2.</summary>
    private static AdapterContents Contents(float[] change) => new(
        new AdapterSettings { Rank = 2, Alpha = 4, Targets = TargetPattern.Of("x") },
        [new AdapterTensor("x.lora_A.weight", new Shape(2, 2), [1, 0, 0, 1]), new AdapterTensor("x.lora_B.weight", new Shape(2, 2), [.. change.Select(value => value / 2)])]);

    private static void Near(float[] expected, float[] actual) => Assert.Equal(expected, actual, (a, b) => Math.Abs(a - b) < 1e-5);
}
