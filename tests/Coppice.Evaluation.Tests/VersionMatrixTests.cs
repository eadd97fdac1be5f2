namespace Coppice.Evaluation.Tests;

public class VersionMatrixTests
{
    // Worked out by hand: a base model with one source, and two updates with one each.
    private static readonly VersionMatrix ByHand = new(
        [new("base", 0), new("first", 1), new("second", 2)],
        [[1.0, 3.0, 4.0], [1.25, 2.0, 3.5], [1.5, 2.5, 2.0]]);

    [Fact]
    public void A_matrix_of_three_versions_has_the_means_worked_out_by_hand()
    {
        Assert.Equal(2, ByHand.Updates);
        Assert.Equal(2.0 - 2.5, ByHand.BackwardTransfer);
        Assert.Equal(4.0 - 3.5, ByHand.ForwardTransfer);
        Assert.Equal([1.0, 0.5, 2.0], [ByHand.Gain(1), ByHand.GainShare(1, 2), ByHand.Gain(2) + ByHand.Intransigence(2, 1.5)]);
        Assert.Equal(new Forgetting(0.5, 0.5, 0), ByHand.Forgetting(0));
        Assert.Equal(new Forgetting(0.5, 0.25, 1), ByHand.Forgetting(1));
        Assert.Equal(new Forgetting(0, 0, 2), ByHand.Forgetting(2));
        Assert.Equal(100 * (1.5 / 1.25 - 1), ByHand.ChangePercent(2, 0));
        Assert.Equal(50.0, ByHand.ChangePercentAgainstBest(2, 0));
        Assert.Equal(2.0, ByHand.Average(2));
    }

    [Fact]
    public void What_is_not_defined_is_null_and_not_zero()
    {
        var one = new VersionMatrix([new("base", 0), new("first", 1)], [[1.0, double.NaN], [1.1, 2.0]]);
        Assert.Null(one.BackwardTransfer);
        Assert.Null(one.ForwardTransfer);
        Assert.Null(one.Gain(0));
        Assert.Null(one.Gain(1));
        Assert.Null(one.GainShare(1, 0));
        Assert.Null(one.ChangePercent(0, 0));
        Assert.Null(one.ChangePercent(1, 1));
        Assert.Null(one.ChangePercentAgainstBest(0, 0));
        Assert.Null(one[0, 1]);
        Assert.Null(new VersionMatrix([new("later", 0)], [[1.0], [null]]).Forgetting(0));
        Assert.Null(new VersionMatrix([], [[]]).Average(0));
    }

    [Fact]
    public void Permuting_sources_permutes_what_is_said_of_them_and_no_mean()
    {
        var permuted = new VersionMatrix([.. new[] { 2, 0, 1 }.Select(j => ByHand.Sources[j])], [.. Enumerable.Range(0, 3).Select(i => new[] { ByHand[i, 2], ByHand[i, 0], ByHand[i, 1] })]);
        Assert.Equal((ByHand.BackwardTransfer, ByHand.ForwardTransfer), (permuted.BackwardTransfer, permuted.ForwardTransfer));
        Assert.Equal(ByHand.Forgetting(2), permuted.Forgetting(0));
        Assert.Equal(ByHand.ChangePercent(1, 0), permuted.ChangePercent(1, 1));
    }

    [Fact]
    public void A_chain_of_small_losses_shows_against_the_best_ancestor()
    {
        var chain = new VersionMatrix([new("base", 0)], [.. Enumerable.Range(0, 11).Select(i => new double?[] { Math.Pow(1.019, i) })]);
        Assert.Equal(1.9, chain.ChangePercent(10, 0)!.Value, 9);
        Assert.InRange(chain.ChangePercentAgainstBest(10, 0)!.Value, 20.7, 20.8);
    }

    [Fact]
    public void Identical_versions_changed_exactly_nothing()
    {
        var same = new VersionMatrix([new("base", 0), new("first", 1)], [[0.1, 0.3], [0.1, 0.3], [0.1, 0.3]]);
        Assert.Equal((0, 0), (same.BackwardTransfer, same.ChangePercent(2, 0)));
        Assert.Equal(new Forgetting(0, 0, 0), same.Forgetting(0));
    }

    [Fact]
    public void Rows_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new VersionMatrix([new("a", 0)], []));
        Assert.Throws<ArgumentException>(() => new VersionMatrix([new("a", 0)], [[1, 2]]));
        Assert.Throws<ArgumentException>(() => new VersionMatrix([new("a", 1)], [[1]]));
        Assert.Throws<ArgumentException>(() => new VersionMatrix([new("a", 0)], [[-1]]));
    }
}
