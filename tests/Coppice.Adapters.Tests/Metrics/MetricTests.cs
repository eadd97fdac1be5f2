namespace Coppice.Adapters.Tests;

public sealed class MetricTests
{
    private static readonly int[] Right = [0, 0, 0, 1, 1, 2];
    private static readonly int[] Guessed = [0, 0, 1, 1, 2, 2];

    [Fact]
    public void Accuracy_is_the_share_that_is_right() => Assert.Equal(4.0 / 6, Accuracy.Of(Guessed, Right));

    [Fact]
    public void Macro_f1_counts_classes_alike()
    {
        // 2·2/(2+3), 2·1/(2+2), 2·1/(2+1).
        Assert.Equal((0.8 + 0.5 + 2.0 / 3) / 3, MacroF1.Of(Guessed, Right), 1e-12);
        // A class that nothing has doesn't count; one that is only guessed does.
        Assert.Equal(1, MacroF1.Of([0, 5], [0, 5]));
        Assert.Equal((2.0 / 3 + 0) / 2, MacroF1.Of([0, 1], [0, 0]), 1e-12);
    }

    [Fact]
    public void Matthews_correlation_of_two_classes_is_the_textbooks()
    {
        // Of class 1: 6 true and 1 false positives, 2 true and 3 false negatives.
        int[] right = [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0];
        int[] guessed = [1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1];
        var expected = (6.0 * 2 - 1.0 * 3) / Math.Sqrt(7.0 * 9 * 3 * 5);
        Assert.Equal(expected, MatthewsCorrelation.Of(guessed, right), 1e-12);
        Assert.Equal(1, MatthewsCorrelation.Of(right, right), 1e-12);
        Assert.Equal(-1, MatthewsCorrelation.Of([.. right.Select(label => 1 - label)], right), 1e-12);
        Assert.Equal(0, MatthewsCorrelation.Of(new int[12], right));
    }

    [Fact]
    public void Matthews_correlation_of_three_classes_is_gorodkins_formula()
    {
        // n 6, right 4; guessed 2, 2, 2; right ones 3, 2, 1: (24 - 12) / √((36 - 12)(36 - 14)).
        Assert.Equal(12 / Math.Sqrt(24.0 * 22), MatthewsCorrelation.Of(Guessed, Right), 1e-12);
    }

    [Fact]
    public void Spearman_looks_at_the_order_alone_and_shares_ranks_among_equals()
    {
        Assert.Equal(1, SpearmanCorrelation.Of([1, 2, 30], [-5, 0, 0.1f]), 1e-12);
        Assert.Equal(-1, SpearmanCorrelation.Of([3, 2, 1], [1, 20, 21]), 1e-12);
        // Without ties: 1 - 6 Σ d² / (n (n² - 1)), d = 0, 1, 1, 0.
        Assert.Equal(1 - 6.0 * 2 / (4 * 15), SpearmanCorrelation.Of([1, 3, 2, 4], [1, 2, 3, 4]), 1e-12);
        // Ranks 1.5, 1.5, 3 and 1, 2, 3: Σxy 1.5, Σxx 1.5, Σyy 2.
        Assert.Equal(1.5 / Math.Sqrt(1.5 * 2), SpearmanCorrelation.Of([7, 7, 9], [1, 2, 3]), 1e-12);
        Assert.Equal(0, SpearmanCorrelation.Of([1, 1], [1, 2]));
    }

    [Fact]
    public void Spans_are_right_with_kind_and_both_ends()
    {
        string[] right = ["B-PER", "I-PER", "O", "B-LOC", "B-LOC"];
        Assert.Equal([new("PER", 0, 2), new("LOC", 3, 4), new LabelledSpan("LOC", 4, 5)], SpanF1.Spans(right));
        // Found: PER 0-2 (right), ORG 3-4 (wrong kind), and LOC 4-5 (right).
        Assert.Equal(2.0 * 2 / 6, SpanF1.Of([["B-PER", "I-PER", "O", "B-ORG", "B-LOC"]], [right]), 1e-12);
        // LOC 3-5 in one: two right ones missed, one wrong found.
        Assert.Equal(2.0 * 1 / 5, SpanF1.Of([["B-PER", "I-PER", "O", "B-LOC", "I-LOC"]], [right]), 1e-12);
        Assert.Equal(1, SpanF1.Of([["O"]], [["O"]]));
    }

    [Fact]
    public void A_span_that_begins_inside_or_changes_its_kind_is_a_new_one()
    {
        Assert.Equal([new("PER", 0, 2), new LabelledSpan("LOC", 2, 3)], SpanF1.Spans(["I-PER", "I-PER", "I-LOC"]));
        Assert.True(SpanF1.IsBio(["O", "B-X", "I-X"]));
        Assert.False(SpanF1.IsBio(["NOUN"]));
        Assert.False(SpanF1.IsBio(["B-"]));
        Assert.Throws<ArgumentException>(() => SpanF1.Spans(["NOUN"]));
    }

    [Fact]
    public void Lists_that_are_no_pairs_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Accuracy.Of([1], [1, 2]));
        Assert.Throws<ArgumentException>(() => MacroF1.Of([], []));
        Assert.Throws<ArgumentException>(() => SpanF1.Of([["O"]], [["O", "O"]]));
    }

    [Fact]
    public void The_interval_holds_the_value_narrows_with_examples_and_is_the_same_every_time()
    {
        var (few, many) = (Interval(40), Interval(4000));
        Assert.Equal(0.75, few.Value);
        Assert.Equal(0.75, many.Value);
        Assert.InRange(few.Value, few.Low, few.High);
        // ± 1.96 √(0.75 · 0.25 / n).
        Assert.Equal(0.0134, (many.High - many.Low) / 2, 0.002);
        Assert.True(few.High - few.Low > 5 * (many.High - many.Low));
        Assert.Equal(few, Interval(40));
        var sure = BootstrapInterval.Of([1, 1, 2], [1, 1, 2], Accuracy.Of);
        Assert.Equal((1.0, 1.0, 1.0), (sure.Value, sure.Low, sure.High));

        static BootstrapInterval Interval(int count)
        {
            int[] right = new int[count], guessed = [.. Enumerable.Range(0, count).Select(i => i % 4 == 0 ? 1 : 0)];
            return BootstrapInterval.Of(guessed, right, Accuracy.Of);
        }
    }

    [Fact]
    public void Training_ends_after_measurements_that_are_no_better()
    {
        var stopping = new EarlyStopping(patience: 2, higherIsBetter: false, leastGain: 0.1);
        Assert.True(stopping.Add(1, 3));
        Assert.True(stopping.Add(2, 2));
        Assert.False(stopping.Add(3, 1.95));
        Assert.False(stopping.ShouldStop);
        Assert.True(stopping.Add(4, 1.5));
        Assert.False(stopping.Add(5, double.NaN));
        Assert.False(stopping.Add(6, 1.5));
        Assert.True(stopping.ShouldStop);
        Assert.Equal((1.5, 4L, 2), (stopping.Best, stopping.BestStep, stopping.SinceBest));
        var rising = new EarlyStopping(1, higherIsBetter: true);
        Assert.False(rising.Add(1, double.NaN));
        Assert.True(rising.Add(2, 0.5));
        Assert.True(rising.Add(3, 0.6));
    }
}
