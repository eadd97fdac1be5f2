using Coppice.Corpus.Quality;

namespace Coppice.Corpus.Tests.Steps.Quality;

public sealed class NemoHeuristicsTests
{
    private static readonly NemoHeuristicsOptions Off = new()
    {
        MaxNonAlphanumeric = null, MaxDigits = null, MaxUrlCharacters = null, MaxWhiteSpace = null, MaxParentheses = null, MaxWordLength = null, MaxBoilerplateParagraphs = null,
        MaxLinesWithoutEndMark = null,
    };

    private static readonly NemoHeuristicsOptions Defaults = new();

    private static void Bounds(NemoHeuristicsOptions options, string kept, string dropped, string reason)
    {
        Filtering.Keeps(new NemoHeuristics(options), kept);
        Filtering.Drops(new NemoHeuristics(options), dropped, reason + " too high");
    }

    [Fact]
    public void Up_to_25_in_100_characters_are_not_alphanumeric() =>
        Bounds(Off with { MaxNonAlphanumeric = Defaults.MaxNonAlphanumeric }, "abc-.!?," + new string('x', 4) + "abc-abc- -", "ab-.-", "characters that are not alphanumeric");

    [Fact]
    public void Up_to_15_in_100_characters_are_digits() =>
        Bounds(Off with { MaxDigits = Defaults.MaxDigits }, "123" + new string('x', 17), "123" + new string('x', 16), "digits");

    [Fact]
    public void Up_to_20_in_100_characters_are_in_urls() =>
        Bounds(Off with { MaxUrlCharacters = Defaults.MaxUrlCharacters }, "http://a.b" + " " + new string('x', 39), "http://a.b" + " " + new string('x', 38), "characters in URLs");

    [Fact]
    public void Up_to_25_in_100_characters_are_white_space() => Bounds(Off with { MaxWhiteSpace = Defaults.MaxWhiteSpace }, "abc abc ", "abc ab ", "white space");

    [Fact]
    public void Up_to_10_in_100_characters_are_round_brackets() =>
        Bounds(Off with { MaxParentheses = Defaults.MaxParentheses }, "()" + new string('x', 18), "()" + new string('x', 17), "round brackets");

    [Fact]
    public void The_longest_word_has_up_to_1000_characters() =>
        Bounds(Off with { MaxWordLength = Defaults.MaxWordLength }, "a " + new string('x', 1000), "a " + new string('x', 1001), "longest word");

    [Fact]
    public void Up_to_4_in_10_paragraphs_have_a_notice() =>
        Bounds(
            Off with { MaxBoilerplateParagraphs = Defaults.MaxBoilerplateParagraphs },
            "Privacy Policy\nprivacy policy\n\nterms of use\n\ntext\n\ntext\n\ntext",
            "privacy policy\n\nterms of use\n\ntext\n\ntext",
            "paragraphs of boilerplate");

    [Fact]
    public void Up_to_85_in_100_lines_have_no_end_mark() =>
        Bounds(
            Off with { MaxLinesWithoutEndMark = Defaults.MaxLinesWithoutEndMark },
            string.Join('\n', Enumerable.Repeat("one", 17).Concat(Enumerable.Repeat("one.", 3))),
            string.Join('\n', Enumerable.Repeat("one", 18).Concat(Enumerable.Repeat("one.", 3))),
            "lines without an end mark");
}
