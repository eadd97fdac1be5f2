using Coppice.Corpus.Quality;

namespace Coppice.Corpus.Tests.Steps.Quality;

public sealed class RepeatedLinesTests
{
    private const string Line = "This line has just thirty one.x";

    [Fact]
    public void Further_copies_of_a_long_line_go_and_short_ones_stay()
    {
        var thirty = Line[..30];
        var result = Filtering.Run(new RepeatedLines(), $"{thirty}\nshort\nshort\n  {thirty}\nend of it\n");
        Assert.Equal($"{thirty}\nshort\nshort\nend of it\n", result.Document!.Text);
        Assert.Equal([new("repeated lines", 1)], result.Changes);
        var document = new Document("1", $"{Line[..29]}\nx\n{Line[..29]}\ny", "test");
        Assert.Same(document, new RepeatedLines().Begin()(document).Document);
    }

    [Fact]
    public void Further_copies_of_a_paragraph_go_with_the_gap_after_them()
    {
        const string Paragraph = "A paragraph of\ntwo lines that\nare short ones";
        var result = Filtering.Run(new RepeatedLines(), $"{Paragraph}\n\nbetween\n\n{Paragraph}\n\nafter\n\n{Paragraph}");
        Assert.Equal($"{Paragraph}\n\nbetween\n\nafter", result.Document!.Text);
        Assert.Equal([new("repeated paragraphs", 2)], result.Changes);
    }

    [Fact]
    public void Lines_and_paragraphs_can_be_left_alone()
    {
        const string Text = $"{Line}\n{Line}\n\n{Line}\n{Line}";
        Assert.Equal(Text, Filtering.Run(new RepeatedLines(new RepeatedLinesOptions { MinLineLength = null, MinParagraphLength = null }), Text).Document!.Text);
        Assert.Equal($"{Line}\n{Line}", Filtering.Run(new RepeatedLines(new RepeatedLinesOptions { MinLineLength = null }), Text).Document!.Text);
    }
}
