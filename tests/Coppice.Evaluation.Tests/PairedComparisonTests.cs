using Coppice.Foundation;

namespace Coppice.Evaluation.Tests;

public class PairedComparisonTests
{
    private static readonly double Byte = Math.Log(2);

    [Fact]
    public void The_change_is_that_of_all_bytes_and_the_error_that_of_the_documents_differences()
    {
        // 1, 2 and 3 bits per byte before; 0.5, 0 and 0.1 more after.
        DocumentScore[] before = [Score(10, 1), Score(20, 2), Score(10, 3)], after = [Score(10, 1.5), Score(20, 2), Score(10, 3.1)];
        var comparison = PairedComparison.Of(before, after);
        Assert.Equal((3, 40), (comparison.Documents, comparison.Bytes));
        Assert.Equal(80 / 40.0, comparison.ParentBitsPerByte, 12);
        Assert.Equal(86 / 40.0, comparison.ChildBitsPerByte, 12);
        Assert.Equal(7.5, comparison.ChangePercent, 9);
        Assert.Equal(0.2, comparison.MeanDifference, 12);
        Assert.Equal(Math.Sqrt((0.09 + 0.04 + 0.01) / 2 / 3), comparison.StandardError!.Value, 12);
        Assert.True(comparison.Breaks(7.4));
        Assert.False(comparison.Breaks(7.6));
    }

    [Fact]
    public void Identical_models_changed_exactly_nothing()
    {
        var scores = Scores(50, shift: 0);
        var comparison = PairedComparison.Of(scores, scores);
        Assert.Equal((0, 0, 0, 0, 0), (comparison.ChangePercent, comparison.Low, comparison.High, comparison.MeanDifference, comparison.StandardError));
        Assert.False(comparison.Breaks(0));
    }

    [Fact]
    public void The_interval_holds_the_estimate_is_the_same_every_time_and_narrows_with_more_documents()
    {
        var (few, many) = (Compare(50, 1), Compare(800, 1));
        Assert.Equal(few, Compare(50, 1));
        Assert.NotEqual(few.Low, Compare(50, 2).Low);
        Assert.True(few.Low < few.ChangePercent && few.ChangePercent < few.High);
        Assert.True(many.High - many.Low < (few.High - few.Low) / 2);
        // Documents with unlike entropies tell the models apart all the same: the noise is that of the differences.
        Assert.InRange(many.High!.Value - many.Low!.Value, 0.1, 3);

        static PairedComparison Compare(int documents, ulong seed) => PairedComparison.Of(Scores(documents, 0), Scores(documents, 0.05), seed);
    }

    [Fact]
    public void Sources_are_compared_alone_and_together()
    {
        DocumentScore[] before = [Score(10, 1, "b"), Score(10, 2, "a"), new("empty", 0, 3, 0)], after = [Score(10, 2, "b"), Score(10, 2, "a"), new("empty", 0, 3, 0)];
        var comparison = ModelComparison.Of(before, after);
        Assert.Equal(["a", "b"], comparison.Sources.Keys);
        Assert.Equal(100, comparison.Sources["b"].ChangePercent, 9);
        Assert.Equal((0, null), (comparison.Sources["a"].ChangePercent, comparison.Sources["a"].Low));
        Assert.Equal(3, comparison.Total.Documents);
    }

    [Fact]
    public void Other_documents_and_no_documents_are_one_line_for_the_user()
    {
        Assert.Throws<CoppiceException>(() => PairedComparison.Of([], []));
        Assert.Throws<CoppiceException>(() => PairedComparison.Of([Score(1, 1)], []));
        Assert.Contains("number 1", Assert.Throws<CoppiceException>(() => PairedComparison.Of([Score(1, 1)], [Score(2, 1)])).Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => PairedComparison.Of([Score(1, 1, "a")], [Score(1, 1, "b")]));
        Assert.Throws<OperationCanceledException>(() => PairedComparison.Of(Scores(5, 0), Scores(5, 1), cancellationToken: new CancellationToken(canceled: true)));
    }

    private static DocumentScore Score(long bytes, double bitsPerByte, string source = "a") => new(source, bytes, bytes, bytes * bitsPerByte * Byte);

    private static DocumentScore[] Scores(int count, double shift) => [.. Enumerable.Range(0, count).Select(i => Score(100, 1 + i * 37 % 11 / 5.0 + shift * (i * 53 % 7)))];
}
