using Coppice.Foundation;

namespace Coppice.Adapters.Tests.Compatibility;

/// <summary>Flips of answers, counted by hand.</summary>
public class ComparisonTests
{
    [Fact]
    public void Flips_are_what_was_right_and_is_wrong_and_the_other_way_round()
    {
        var before = Answers([[0], [1], [2], [0], [1]], [[0], [1], [1], [1], [1]]);
        var after = Answers([[0], [2], [1], [2], [1]], [[0], [1], [1], [1], [1]]);
        var flips = before.FlipsTo(after);
        // The second was right; the third is right now; the fourth is wrong in another way.
        Assert.Equal((5, 3, 3, 1, 1, 1), (flips.Items, flips.ParentCorrect, flips.ChildCorrect, flips.Negative, flips.Positive, flips.WrongChanges));
        Assert.Equal(0.6, before.Accuracy.Value, 1e-12);
        var none = before.FlipsTo(before);
        Assert.Equal((0, 0, 0), (none.Negative, none.Positive, none.WrongChanges));
    }

    [Fact]
    public void Each_word_counts_and_only_what_both_could_read()
    {
        var before = Answers([[0, 1], [1], [2, 2]], [[0, 0], [1], [2, 0]], [0, 1, 4]);
        // Example 1 was left out, and 4 has a word less.
        var after = Answers([[1, 0], [3], [2]], [[0, 0], [3], [2]], [0, 3, 4]);
        var flips = before.FlipsTo(after);
        Assert.Equal((2, 1, 1), (flips.Items, flips.Negative, flips.Positive));
        Assert.Throws<CoppiceException>(() => before.FlipsTo(Answers([[1]], [[1]], [9])));
    }

    private static TaskAnswers Answers(int[][] guessed, int[][] right, int[]? numbers = null) => new(guessed, right, numbers ?? [.. Enumerable.Range(0, guessed.Length)]);
}
