using Coppice.Corpus.Quality;

namespace Coppice.Corpus.Tests.Steps.Quality;

public sealed class GopherQualityTests
{
    private static readonly GopherQualityOptions Off = new()
    {
        MinWords = null, MaxWords = null, MinMeanWordLength = null, MaxMeanWordLength = null, MaxSymbolsPerWord = null, MaxEllipsesPerWord = null,
        MaxBulletLines = null, MaxEllipsisLines = null, MinAlphabeticWords = null, MinStopWords = null,
    };

    private static readonly GopherQualityOptions Defaults = new();

    [Theory]
    [InlineData(RuleVariant.Datatrove)]
    [InlineData(RuleVariant.Dclm)]
    public void From_50_to_100000_words_are_kept_and_punctuation_is_no_word(RuleVariant variant)
    {
        var step = new GopherQuality(Off with { Variant = variant, MinWords = Defaults.MinWords, MaxWords = Defaults.MaxWords });
        Filtering.Drops(step, Filtering.Words(49) + " - ! ? ...", "number of words too low");
        Filtering.Keeps(step, Filtering.Words(50) + " - ! ? ...");
        Filtering.Keeps(step, Filtering.Words(100_000));
        Filtering.Drops(step, Filtering.Words(100_001), "number of words too high");
    }

    [Theory]
    [InlineData(RuleVariant.Datatrove)]
    [InlineData(RuleVariant.Dclm)]
    public void A_mean_word_length_from_3_to_10_is_kept(RuleVariant variant)
    {
        var step = new GopherQuality(Off with { Variant = variant, MinMeanWordLength = Defaults.MinMeanWordLength, MaxMeanWordLength = Defaults.MaxMeanWordLength });
        Filtering.Keeps(step, "abc def, ghi!");
        Filtering.Drops(step, "abc def, gh!", "mean word length too low");
        Filtering.Keeps(step, "abcdefghij, abcdefghij");
        Filtering.Drops(step, "abcdefghij, abcdefghijk", "mean word length too high");
    }

    [Fact]
    public void Word_lengths_are_in_code_points()
    {
        var step = new GopherQuality(Off with { MinMeanWordLength = 3 });
        Filtering.Drops(step, "𝐚𝐛 𝐚𝐛", "mean word length too low");
        Filtering.Keeps(step, "𝐚𝐛𝐜 𝐚𝐛𝐜");
    }

    [Fact]
    public void Datatrove_divides_hash_signs_by_all_tokens()
    {
        var step = new GopherQuality(Off with { MaxSymbolsPerWord = Defaults.MaxSymbolsPerWord });
        // 1 of 10 tokens, the sign itself among them; then 1 of 9.
        Filtering.Keeps(step, Filtering.Words(9) + " #");
        Filtering.Drops(step, Filtering.Words(8) + " #", "hash signs a word too high");
        Filtering.Keeps(step, Filtering.Words(8) + " ...");
    }

    [Fact]
    public void Datatrove_divides_ellipses_of_both_kinds_by_all_tokens()
    {
        var step = new GopherQuality(Off with { MaxEllipsesPerWord = Defaults.MaxEllipsesPerWord });
        Filtering.Keeps(step, Filtering.Words(18) + " ... …");
        Filtering.Drops(step, Filtering.Words(17) + " ... …", "ellipses a word too high");
        Filtering.Keeps(step, Filtering.Words(8) + " #");
    }

    [Fact]
    public void Dclm_counts_hash_signs_and_all_ellipses_for_each_stretch_without_white_space()
    {
        var step = new GopherQuality(Off with { Variant = RuleVariant.Dclm, MaxSymbolsPerWord = Defaults.MaxSymbolsPerWord });
        Filtering.Keeps(step, Filtering.Words(20) + "# " + Filtering.Words(20) + " #... …");
        Filtering.Drops(step, Filtering.Words(20) + "# " + Filtering.Words(17) + " #... …", "symbols a word too high");
        Filtering.Keeps(step, Filtering.Words(7) + " . . .");
        Filtering.Drops(step, Filtering.Words(6) + " . . .", "symbols a word too high");
    }

    [Theory]
    [InlineData(RuleVariant.Datatrove, "•", true)]
    [InlineData(RuleVariant.Datatrove, "  -", true)]
    [InlineData(RuleVariant.Datatrove, "*", false)]
    [InlineData(RuleVariant.Datatrove, "●", false)]
    [InlineData(RuleVariant.Dclm, "•", true)]
    [InlineData(RuleVariant.Dclm, "-", true)]
    [InlineData(RuleVariant.Dclm, "*", true)]
    [InlineData(RuleVariant.Dclm, "●", true)]
    public void Up_to_9_of_10_lines_may_begin_with_a_bullet(RuleVariant variant, string bullet, bool isBullet)
    {
        var step = new GopherQuality(Off with { Variant = variant, MaxBulletLines = Defaults.MaxBulletLines });
        Filtering.Keeps(step, "plain\n" + string.Join('\n', Enumerable.Repeat(bullet + " item", 9)));
        var all = "plain\n" + string.Join('\n', Enumerable.Repeat(bullet + " item", 10));
        if (isBullet) Filtering.Drops(step, all, "lines that begin with a bullet too high");
        else Filtering.Keeps(step, all);
    }

    [Theory]
    [InlineData(RuleVariant.Datatrove, "... ", true)]
    [InlineData(RuleVariant.Datatrove, "…", true)]
    [InlineData(RuleVariant.Datatrove, ". . .", false)]
    [InlineData(RuleVariant.Dclm, "...", true)]
    [InlineData(RuleVariant.Dclm, "…", true)]
    [InlineData(RuleVariant.Dclm, ". . .", true)]
    public void Up_to_3_of_10_lines_may_end_in_an_ellipsis(RuleVariant variant, string ellipsis, bool isEllipsis)
    {
        var step = new GopherQuality(Off with { Variant = variant, MaxEllipsisLines = Defaults.MaxEllipsisLines });
        string[] lines = [.. Enumerable.Repeat("a line" + ellipsis, 3), .. Enumerable.Repeat("a line", 7)];
        Filtering.Keeps(step, string.Join('\n', lines));
        var more = string.Join('\n', lines[..^1]);
        if (isEllipsis) Filtering.Drops(step, more, "lines that end in an ellipsis too high");
        else Filtering.Keeps(step, more);
    }

    [Fact]
    public void Blank_lines_count_for_datatrove_and_not_for_dclm()
    {
        const string Text = "a line...\n\n\n\na line...";
        Filtering.Drops(new GopherQuality(Off with { MaxEllipsisLines = 0.39 }), Text, "lines that end in an ellipsis too high");
        Filtering.Keeps(new GopherQuality(Off with { MaxEllipsisLines = 0.41 }), Text);
        Filtering.Drops(new GopherQuality(Off with { MaxEllipsisLines = 0.99, Variant = RuleVariant.Dclm }), Text, "lines that end in an ellipsis too high");
    }

    [Fact]
    public void Datatrove_wants_a_letter_in_8_of_10_tokens()
    {
        var step = new GopherQuality(Off with { MinAlphabeticWords = Defaults.MinAlphabeticWords });
        Filtering.Keeps(step, Filtering.Words(8) + " 12 !");
        Filtering.Drops(step, Filtering.Words(7) + " 12 !", "words with a letter too low");
    }

    [Fact]
    public void Dclm_wants_a_letter_in_8_of_10_words_and_ignores_punctuation()
    {
        var step = new GopherQuality(Off with { MinAlphabeticWords = Defaults.MinAlphabeticWords, Variant = RuleVariant.Dclm });
        Filtering.Keeps(step, Filtering.Words(8) + " 12 13 ! ? ;");
        Filtering.Drops(step, Filtering.Words(7) + " 12 13 ! ? ;", "words with a letter too low");
    }

    [Fact]
    public void Datatrove_wants_two_different_stop_words_in_lower_case()
    {
        var step = new GopherQuality(Off with { MinStopWords = Defaults.MinStopWords });
        Filtering.Keeps(step, "the cat and hat");
        Filtering.Drops(step, "the cat the hat", "stop words too low");
        Filtering.Drops(step, "the cat And hat", "stop words too low");
    }

    [Fact]
    public void Dclm_wants_two_occurrences_of_stop_words_in_any_case()
    {
        var step = new GopherQuality(Off with { MinStopWords = Defaults.MinStopWords, Variant = RuleVariant.Dclm });
        Filtering.Keeps(step, "The cat the hat");
        Filtering.Drops(step, "The cat a hat", "stop words too low");
    }

    [Fact]
    public void What_is_kept_tells_the_rule_that_came_nearest()
    {
        var result = Filtering.Run(new GopherQuality(), Filtering.Words(49) + " the of and that");
        Assert.Equal(new Measurement("number of words", 53, 50), result.Measured);
    }

    [Theory]
    [InlineData("")]
    [InlineData("   \n\n ")]
    [InlineData("\0\0\0")]
    [InlineData("\uD800")]
    [InlineData("...")]
    public void Texts_without_words_are_dropped_for_having_none(string text) => Filtering.Drops(new GopherQuality(), text, "number of words too low");
}
