using Coppice.Corpus.Scoring;
using Coppice.Foundation;

namespace Coppice.Corpus.Tests.Scoring;

public class TextNgramModelTests
{
    private static readonly string[] s_texts = [.. Enumerable.Range(0, 40).Select(i => $"The {Word(i)} cat sat on the {Word(i + 3)} mat, and then it slept.\nNobody saw {i} cats.")];

    private static string Word(int i) => new[] { "red", "blue", "green", "small", "old" }[i % 5];

    [Fact]
    public void Text_like_the_training_text_is_less_surprising_than_its_words_shuffled_and_those_than_others()
    {
        var model = TextNgramModel.Train(s_texts);
        var like = model.Score("The old cat sat on the small mat, and then it slept.");
        var shuffled = model.Score("slept it then and, mat small the on sat cat old The.");
        var other = model.Score("Qua propter vobis dicam verba quaedam de rebus gestis.");
        Assert.True(like.Perplexity < shuffled.Perplexity / 3, $"{like.Perplexity} {shuffled.Perplexity}");
        Assert.True(shuffled.Perplexity < other.Perplexity / 3, $"{shuffled.Perplexity} {other.Perplexity}");
        Assert.Equal(14, like.Words);
    }

    [Fact]
    public void Unknown_words_are_the_cheaper_the_more_they_are_like_words()
    {
        var model = TextNgramModel.Train(s_texts);
        Assert.True(model.Score("the slat").Bits < model.Score("the xqzj").Bits);
        Assert.True(model.Score("the xqzj").Bits < model.Score("the xqzjwkvbpfg").Bits);
        Assert.True(double.IsFinite(model.Score(new string('x', 100_000)).Bits));
    }

    [Fact]
    public void Case_digits_and_the_number_of_line_breaks_make_no_difference()
    {
        var model = TextNgramModel.Train(s_texts);
        var expected = model.Score("The red cat.\nNobody saw 17 cats.");
        Assert.Equal(expected, model.Score("THE RED CAT.\r\n\n  \nNOBODY  SAW 93 CATS."));
        Assert.Equal(10, expected.Words);
    }

    [Fact]
    public void A_text_without_words_is_infinitely_surprising_and_one_to_learn_from_is_required()
    {
        Assert.Equal(double.PositiveInfinity, TextNgramModel.Train(s_texts).Score("   ").Perplexity);
        Assert.Throws<CoppiceException>(() => TextNgramModel.Train([" ", ""]));
        Assert.Throws<CoppiceException>(() => TextNgramModel.Train(s_texts, new() { Order = 9 }));
    }

    [Fact]
    public void The_limit_of_words_ends_the_learning()
    {
        var whole = TextNgramModel.Train(s_texts.Take(2)).Score(s_texts[1]);
        var words = (int)(TextNgramModel.Train(s_texts).Score(s_texts[0]).Words + TextNgramModel.Train(s_texts).Score(s_texts[1]).Words);
        Assert.Equal(whole, TextNgramModel.Train(s_texts, new() { MaximumWords = words }).Score(s_texts[1]));
        Assert.NotEqual(whole, TextNgramModel.Train(s_texts, new() { MaximumWords = words - 5 }).Score(s_texts[1]));
    }

    [Theory]
    [InlineData('a')]
    [InlineData('\n')]
    [InlineData('.')]
    [InlineData('\uDC00')]
    [InlineData('\0')]
    public void A_long_run_of_one_character_takes_linear_time(char character)
    {
        var model = TextNgramModel.Train(s_texts);
        Assert.True(model.Score(new string(character, 1_000_000)).Bits > 0);
    }
}
