using Coppice.Corpus.Quality;

namespace Coppice.Corpus.Tests.Steps.Quality;

public sealed class TextStructureTests
{
    [Theory]
    [InlineData("Don't stop, it's e.g. 3.14 or 1,000.", "Don't|stop|,|it's|e.g|.|3.14|or|1,000|.")]
    [InlineData("well-known snake_case __init__ ---", "well|-|known|snake_case|__init__|---")]
    [InlineData("a\u0301b x²y", "a\u0301b|x²y")]
    [InlineData("日本語のテスト word", "日|本|語|の|テ|ス|ト|word")]
    [InlineData("𠀀𠀁 𝐚𝐛 😀😀", "𠀀|𠀁|𝐚𝐛|😀|😀")]
    [InlineData("naïve Straße Привет 's'", "naïve|Straße|Привет|'|s|'")]
    public void Tokens_are_words_and_runs_of_signs(string text, string expected)
    {
        var structure = TextStructure.Of(text);
        var tokens = new List<string>();
        foreach (var token in structure.Tokens)
        {
            tokens.Add(text.Substring(token.Start, token.Length));
            Assert.Equal(PolynomialHash.Of(tokens[^1]), token.Hash);
            Assert.Equal(tokens[^1].EnumerateRunes().Count(), token.CodePoints);
        }

        Assert.Equal(expected, string.Join('|', tokens));
    }

    [Fact]
    public void Lines_are_without_their_ends_and_know_their_text()
    {
        const string Text = "one\r\n\n  two \nthree";
        var lines = TextStructure.Of(Text).Lines;
        Assert.Equal(4, lines.Length);
        Assert.Equal("one", Text[lines[0].Start..lines[0].End]);
        Assert.True(lines[1].IsEmpty);
        Assert.Equal("two", Text[lines[2].TrimmedStart..lines[2].TrimmedEnd]);
        Assert.Equal("three", Text[lines[3].Start..lines[3].End]);
        Assert.Equal(1, TextStructure.Of("one\n").Lines.Length);
    }

    [Fact]
    public void The_same_text_is_taken_apart_once_and_another_one_anew()
    {
        var text = new string('x', 3) + " y";
        var first = TextStructure.Of(text);
        Assert.Equal(2, first.Tokens.Length);
        Assert.Same(first, TextStructure.Of(text));
        Assert.Equal(3, TextStructure.Of("a b c").WordCount);
        Assert.Equal(2, TextStructure.Of(text).WordCount);
    }

    [Fact]
    public void Lengths_are_in_code_points()
    {
        var structure = TextStructure.Of("a😀\uD800b");
        Assert.Equal(4, structure.CodePoints);
        Assert.Equal(2, structure.CodePointsIn(0, 3));
    }

    [Fact]
    public void A_join_of_hashes_is_the_hash_of_the_join()
    {
        var left = new string('a', 5);
        var right = new string('b', 500);
        Assert.Equal(PolynomialHash.Of(left + right), PolynomialHash.Join(PolynomialHash.Of(left), PolynomialHash.Of(right), right.Length));
    }
}
