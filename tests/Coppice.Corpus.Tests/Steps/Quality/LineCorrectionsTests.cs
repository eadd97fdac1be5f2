using Coppice.Corpus.Quality;

namespace Coppice.Corpus.Tests.Steps.Quality;

public sealed class LineCorrectionsTests
{
    // Long enough that one short line is under 5 in 100 of the words.
    private static readonly string Body = string.Join('\n', Enumerable.Repeat("these are ten plain words that make up one line", 40));

    private static string Corrected(string line) => Filtering.Run(new LineCorrections(), $"{Body}\n{line}\nthe end").Document!.Text;

    [Theory]
    [InlineData("ABCD efg", false)]
    [InlineData("ABCDE fg", true)]
    [InlineData("12 34x", false)]
    [InlineData("3 likes", true)]
    [InlineData("12 comments · 4 shares", true)]
    [InlineData("three likes", false)]
    [InlineData("3 apples", false)]
    [InlineData("word", true)]
    [InlineData("two words", false)]
    public void Refinedweb_removes_lines_that_are_no_text(string line, bool isRemoved)
    {
        Assert.Equal(isRemoved ? $"{Body}\nthe end" : $"{Body}\n{line}\nthe end", Corrected(line));
    }

    [Fact]
    public void Refinedweb_removes_lines_of_digits_only()
    {
        var step = new LineCorrections(new LineCorrectionsOptions { MinWords = 1 });
        Assert.Equal($"{Body}\nthe end", Filtering.Run(step, $"{Body}\n1234567\nthe end").Document!.Text);
        Assert.Contains("1234567x", Filtering.Run(step, $"{Body}\n1234567x\nthe end").Document!.Text);
    }

    [Theory]
    [InlineData("the story goes on Read more...", "the story goes on")]
    [InlineData("Sign-in to our shop", "to our shop")]
    [InlineData("there are 3 items in cart now", "there are 3 now")]
    [InlineData("one two three four five six seven eight nine read more", "one two three four five six seven eight nine read more")]
    public void Refinedweb_strips_phrases_from_lines_of_up_to_10_words(string line, string expected) => Assert.Equal($"{Body}\n{expected}\nthe end", Corrected(line));

    [Fact]
    public void Runs_of_line_ends_are_capped_at_two() =>
        Assert.Equal("one two\n\nthree four\nfive six", Filtering.Run(new LineCorrections(), "one two\n\n\n\nthree four\nfive six").Document!.Text);

    [Fact]
    public void Refinedweb_drops_documents_that_lose_over_5_in_100_words()
    {
        Filtering.Keeps(new LineCorrections(), Filtering.Words(95) + "\nA B C D E");
        Filtering.Drops(new LineCorrections(), Filtering.Words(94) + "\nA B C D E", "too many words in removed lines");
    }

    [Fact]
    public void A_document_without_faults_is_the_same_object()
    {
        var document = new Document("1", Body + "\n\nthe end\n", "test");
        Assert.Same(document, new LineCorrections().Begin()(document).Document);
    }
}
