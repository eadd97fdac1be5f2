namespace Coppice.Evaluation.Tests;

public class RepetitionTests
{
    [Fact]
    public void Repeated_n_grams_are_counted_by_hand()
    {
        Assert.Equal(1 - 2 / 99.0, Repetition.RepeatedShare([.. Enumerable.Range(0, 100).Select(i => i % 2)], 2)!.Value, 12);
        Assert.Equal(0, Repetition.RepeatedShare([1, 2, 3, 4, 5], 2));
        Assert.Equal(1 / 4.0, Repetition.RepeatedShare([7, 8, 9, 7, 8], 2));
        Assert.Equal(0, Repetition.RepeatedShare([7, 7], 2));
        Assert.Null(Repetition.RepeatedShare([7], 2));
    }

    [Fact]
    public void Short_texts_are_counted_apart()
    {
        var score = Repetition.Measure([[1, 2, 1, 2, 1], [3], [4, 5, 6]], n: 2);
        Assert.Equal(new RepetitionScore(Sequences: 2, Short: 1, Repeated: (0.5 + 0) / 2, DistinctTokens: 6), score);
        Assert.Equal(new RepetitionScore(0, 1, null, 1), Repetition.Measure([[1]]));
    }

    [Fact]
    public void Choices_that_occurred_within_the_window_are_repeated_and_the_wrong_ones_of_them_wrongly()
    {
        // Tokens 1 2 3 1, and what the model would have chosen in their places.
        TokenScore[] scores = [Score(1, 9), Score(2, 1), Score(3, 1), Score(1, 1)];
        Assert.Equal((1 / 3.0, 1 / 3.0), Repetition.OfChoices(scores, 1));
        Assert.Equal((2 / 3.0, 2 / 3.0), Repetition.OfChoices(scores, 2));
        Assert.Equal((1.0, 2 / 3.0), Repetition.OfChoices(scores, 16));
        Assert.Null(Repetition.OfChoices([Score(1, 1)], 16));
        Assert.Equal(2, Repetition.DistinctChoices([scores, scores]));

        static TokenScore Score(int token, int argmax) => new(token, -1, -1, 1, argmax);
    }
}
