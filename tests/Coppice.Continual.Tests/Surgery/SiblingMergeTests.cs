using Coppice.Continual.Surgery;
using Coppice.Continual.Surgery.Methods;
using Coppice.Foundation;

namespace Coppice.Continual.Tests.Surgery;

public sealed class SiblingMergeTests
{
    public static TheoryData<int> Sizes => Weights.Sizes;

    [Theory]
    [MemberData(nameof(Sizes))]
    public void One_sibling_whole_comes_out_bit_for_bit(int size)
    {
        var (parent, child) = (Weights.Random(size, 1), Weights.Random(size, 2).Reverse().ToArray());
        foreach (var method in new IMergeMethod[] { new TaskArithmetic(1), new Ties(1, 1), new Dare(1, 1, 0) })
        {
            // TIES gives the base where nothing was learned, which is the same number but for the sign of a zero.
            Assert.Equal(child, Weights.Merge(method, parent, [child]));
            Assert.Equal(parent, Weights.Merge(method, parent, [parent]));
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void What_was_learned_and_its_opposite_give_the_base(int size)
    {
        float[] parent = [.. Enumerable.Range(0, size).Select(i => i * 0.25f)];
        float[] plus = [.. parent.Select((x, i) => x + ((i % 5) - 2) * 0.125f)], minus = [.. parent.Select((x, i) => x - ((i % 5) - 2) * 0.125f)];
        foreach (var density in new[] { 0.2, 0.5, 1 }) Assert.Equal(parent, Weights.Merge(new Ties(1, density), parent, [plus, minus]));
        Assert.Equal(parent, Weights.Merge(new TaskArithmetic(1), parent, [plus, minus]));
        Assert.Equal(minus, Weights.Merge(new TaskArithmetic(1), parent, [plus], [-1]));
        Assert.Equal(minus, Weights.Merge(new TaskArithmetic(-1), parent, [plus]));
    }

    [Fact]
    public void Ties_trims_elects_and_averages_what_agrees()
    {
        // Of four differences each, the largest two stay: 4 and -3; 4 and -2. The third place has one sign each way: the heavier wins.
        float[] parent = [10, 10, 10, 10];
        float[] first = [14, 10.5f, 7, 10], second = [14, 10, 12, 10.25f];
        float[] expected = [10 + 4, 10, 10 - 3, 10];
        Assert.Equal(expected, Weights.Merge(new Ties(1, 0.5), parent, [first, second]));
        Assert.Equal([10 + 2, 10, 10 - 1.5f, 10], Weights.Merge(new Ties(0.5, 0.5), parent, [first, second]));
        // With twice the weight, 2 · 2 is heavier than 3; and the mean of what agrees is weighted.
        Assert.Equal([14, 10, 12, 10], Weights.Merge(new Ties(1, 0.5), parent, [first, second], [1, 2]));
        Assert.Equal([10 + (0.25f * 4) + (0.75f * 8)], Weights.Merge(new Ties(1, 1), [10], [[14], [18]], [1, 3]));
        Assert.Throws<CoppiceException>(() => new Ties(1, 1).Weights(2, [1, -1]));
    }

    [Fact]
    public void Dare_keeps_the_mean_of_what_was_learned()
    {
        float[] parent = [1, -2, 0.5f], child = [1.5f, -2.25f, 0.5f];
        var sums = new double[3];
        for (var seed = 0UL; seed < 1_000; seed++)
        {
            var merged = Weights.Merge(new Dare(1, 0.1, seed), parent, [child]);
            for (var i = 0; i < 3; i++) sums[i] += merged[i] - parent[i];
            Assert.True(merged[0] == 1 || merged[0] == 6, $"{merged[0]} is neither dropped nor rescaled");
        }

        // The standard error of the mean of 1,000 is 0.095 of a difference.
        Assert.InRange(sums[0] / 1_000, 0.5 * 0.65, 0.5 * 1.35);
        Assert.InRange(sums[1] / 1_000, -0.25 * 1.35, -0.25 * 0.65);
        Assert.Equal(0, sums[2]);
    }

    [Fact]
    public void What_Dare_drops_depends_on_seed_name_model_and_place()
    {
        var (parent, child) = (new float[400], Enumerable.Repeat(1f, 400).ToArray());
        float[] Dropped(ulong seed, string name) => Weights.Merge(new Dare(1, 0.5, seed), parent, [child], name: name);
        Assert.Equal(Dropped(1, "a"), Dropped(1, "a"));
        Assert.NotEqual(Dropped(1, "a"), Dropped(2, "a"));
        Assert.NotEqual(Dropped(1, "a"), Dropped(1, "b"));
        Assert.Equal(Dropped(1, "a")[..100], Weights.Merge(new Dare(1, 0.5, 1), parent[..100], [child[..100]], name: "a"));
        Assert.InRange(Dropped(1, "a").Count(x => x > 0), 150, 250);
        // Two models: both, one or none of them.
        Assert.Equal([0f, 2f, 4f], Weights.Merge(new Dare(1, 0.5, 1), parent, [child, child], name: "a").Distinct().Order());
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void A_delta_on_an_unchanged_base_is_the_tuned_model_bit_for_bit(int size)
    {
        var (parent, tuned) = (Weights.Random(size, 1), Weights.Random(size, 2).Reverse().ToArray());
        Assert.Equal(Weights.Bits(tuned), Weights.Bits(Weights.Merge(new DeltaTransfer(1), parent, [tuned, parent])));
        Assert.Equal(Weights.Bits(tuned), Weights.Bits(Weights.Merge(new DeltaTransfer(1), parent, [parent, tuned])));
    }

    [Fact]
    public void Deltas_add_up()
    {
        float[] parent = [1, 2, 3], updated = [1.5f, 2, 2], once = [1.25f, 2.5f, 3], twice = [1, 1, 5];
        var both = Weights.Merge(new DeltaTransfer(1), parent, [twice, Weights.Merge(new DeltaTransfer(1), parent, [once, updated])]);
        Assert.Equal([1.75f, 1.5f, 4f], both);
        Assert.Equal(both, Weights.Merge(new DeltaTransfer(1), parent, [once, Weights.Merge(new DeltaTransfer(1), parent, [twice, updated])]));
        Assert.Equal([1.625f, 2.25f, 2f], Weights.Merge(new DeltaTransfer(0.5), parent, [once, updated]));
    }

    [Fact]
    public void A_delta_takes_two_models_and_no_weights()
    {
        Assert.Throws<CoppiceException>(() => new DeltaTransfer(1).Weights(1, null));
        Assert.Throws<CoppiceException>(() => new DeltaTransfer(1).Weights(2, [1, 1]));
    }

    [Fact]
    public void Methods_are_found_by_name_and_settings_are_checked()
    {
        foreach (var name in MergeRegistry.Names) Assert.NotNull(MergeRegistry.Create(name, new MergeSettings()));
        Assert.Contains("did you mean 'ties'", Assert.Throws<CoppiceException>(() => MergeRegistry.Create("tie", new MergeSettings())).Message, StringComparison.Ordinal);
        foreach (var density in new[] { 0, -1, 1.01, double.NaN }) Assert.Throws<CoppiceException>(() => MergeRegistry.Create("ties", new MergeSettings { Density = density }));
        Assert.Throws<CoppiceException>(() => MergeRegistry.Create("ties", new MergeSettings { Scale = double.NaN }));
    }
}
