using System.Text;
using Coppice.Corpus.Extraction;
using static Coppice.Corpus.Tests.Extraction.Pages;

namespace Coppice.Corpus.Tests.Extraction;

/// <summary>Pages that would overflow the stack or keep a parser busy for hours. Each of these tests would not end, or end the process, without the limits.</summary>
public sealed class HostilePageTests
{
    [Theory]
    [InlineData("<div>")]
    [InlineData("<b>")]
    [InlineData("<table><tr><td>")]
    [InlineData("<a href=x><i>")]
    [InlineData("<blockquote><p>")]
    [InlineData("<x-y>")]
    [InlineData("<svg><g>")]
    [InlineData("<ul><li>")]
    [InlineData("<font color=red><p>")]
    public void Nesting_a_hundred_thousand_deep_is_refused(string tags) => Assert.Equal(ExtractionReasons.TooDeep, Reason(Repeat(tags, 100_000)));

    [Theory]
    [InlineData("<p>")]
    [InlineData("<li>")]
    [InlineData("</p>")]
    [InlineData("</div>")]
    [InlineData("<br>")]
    [InlineData("<tr><td>")]
    [InlineData("<b></b>")]
    [InlineData("<a></p>")]
    [InlineData("x<")]
    [InlineData("<!")]
    [InlineData("&amp")]
    [InlineData("<option>")]
    [InlineData("<table>")]
    [InlineData("<select><b>")]
    [InlineData("<h1></h2>")]
    [InlineData("<p><b>x")]
    [InlineData("<table><b>x")]
    [InlineData("<title>")]
    [InlineData("<p a=1 b=2>y</p>")]
    public void A_hundred_thousand_of_anything_ends_soon(string tags)
    {
        new HtmlExtractor().Extract("<body>" + Repeat(tags, 100_000), null, out _);
        new HtmlExtractor().Extract("<body><b><i><u><em>" + Repeat(tags, 100_000), null, out _);
    }

    [Fact]
    public void A_tag_with_very_many_attributes_is_refused()
    {
        var attributes = new StringBuilder();
        for (var index = 0; index < 100_000; index++) attributes.Append(" a").Append(index).Append("=1");
        Assert.Equal(ExtractionReasons.TooManyAttributes, Reason($"<p{attributes}>x"));
    }

    [Fact]
    public void Long_values_of_attributes_are_no_attributes()
    {
        var data = string.Concat(Enumerable.Repeat("a = b, <p> ", 1000));
        Assert.Equal($"{First}\n\n{Second}", Text($"<article data-x=\"{data}\" data-y='{data}'><p>{First}</p><p>{Second}</p></article>"));
    }

    [Fact]
    public void Long_pages_and_many_tags_are_refused()
    {
        Assert.Equal(ExtractionReasons.TooLong, Reason(new string('x', 10_000_001)));
        Assert.Equal(ExtractionReasons.TooManyTags, Reason(Repeat("<p>x", 500_001)));
    }

    [Fact]
    public void A_page_at_the_limits_is_read()
    {
        var deep = Repeat("<div>", 390) + $"<p>{First}</p><p>{Second}</p>" + Repeat("</div>", 390);
        Assert.Equal($"{First}\n\n{Second}", Text(deep));
        Assert.Equal(5_000_000, Text($"<p>{new string('x', 5_000_000)}</p>").Length);
    }

    [Fact]
    public void Nul_characters_and_lone_surrogates_do_no_harm() => Assert.Contains(First, Text($"<article><p>\0\uD800 x\uDC00 &#0; &#xD800;</p><p>{First}</p><p>{Second}</p></article>"), StringComparison.Ordinal);

    [Fact]
    public void What_only_looks_like_tags_is_not_counted()
    {
        var inScript = $"<script>{Repeat("<div>", 10_000)}</script><!-- {Repeat("<div>", 10_000)} --><textarea>{Repeat("<div>", 10_000)}</textarea>";
        Assert.Equal($"{First}\n\n{Second}", Text($"{inScript}<p>{First}</p><p>{Second}</p>"));
    }

    private static string Repeat(string text, int times) => new StringBuilder(text.Length * times).Insert(0, text, times).ToString();
}
