using static Coppice.Corpus.Tests.Extraction.Pages;

namespace Coppice.Corpus.Tests.Extraction;

public sealed class MainContentTests
{
    [Theory]
    [InlineData("<div class='entry-content'>", "</div>")]
    [InlineData("<div itemprop='articleBody'>", "</div>")]
    [InlineData("<article>", "</article>")]
    [InlineData("<main>", "</main>")]
    [InlineData("<div class='c-article__bodyText'>", "</div>")]
    [InlineData("<div class='x7f3'>", "</div>")]
    [InlineData("<form id=aspnetForm><div>", "</div></form>")]
    [InlineData("<div id='content-sidebar-wrap'><div>", "</div></div>")]
    [InlineData("<table><tr><td>Left<td>", "</table>")]
    public void The_text_is_found_in_whatever_holds_it(string open, string close)
    {
        var text = Text($"""
            <header><div class="logo">A site about things</div><nav>{Menu}</nav></header>
            {open}<h1>The heading</h1><p>{First}</p><p>{Second}</p><p>{Third}</p>{close}
            <div class="sidebar"><h3>Latest posts</h3>{Menu}</div><footer><p>Imprint and copyright 2020</p></footer>
            """);
        Assert.Equal($"The heading\n\n{First}\n\n{Second}\n\n{Third}", text);
    }

    [Theory]
    [InlineData("<div id='comments'><h3>2 comments</h3><p>{0}</p></div>")]
    [InlineData("<h3>Leave a reply</h3><p>{0}</p>")]
    [InlineData("<aside><p>{0}</p></aside>")]
    [InlineData("<div class='related-posts'><p>{0}</p></div>")]
    [InlineData("<div class='author-box'><p>{0}</p></div>")]
    [InlineData("<div class='newsletterBox newsletter'><p>{0}</p></div>")]
    [InlineData("<p style='color:red; display : none'>{0}</p>")]
    [InlineData("<p hidden>{0}</p>")]
    [InlineData("<script>{0}</script>")]
    [InlineData("<div role='navigation'>{0}</div>")]
    [InlineData("<h4>Related articles</h4><ul><li><a href=/a>{0}</a></li><li><a href=/b>Another</a></li></ul>")]
    [InlineData("<p><a href=/a>{0}</a></p>")]
    [InlineData("<figure><img><figcaption>{0}</figcaption></figure>")]
    public void What_surrounds_a_text_is_left_out(string around)
    {
        const string extra = "This sentence is not of the article and must not come out of it.";
        var text = Text($"<article><h1>Heading</h1><p>{First}</p><p>{Second}</p>{string.Format(System.Globalization.CultureInfo.InvariantCulture, around, extra)}<p>{Third}</p></article>");
        Assert.DoesNotContain(extra, text, StringComparison.Ordinal);
        Assert.Contains(First, text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Share this")]
    [InlineData("Lesen Sie auch")]
    [InlineData("WhatsApp")]
    [InlineData("Advertisement")]
    [InlineData("Posted on 3 May 2020 by admin")]
    [InlineData("© 2020 The Company")]
    [InlineData("Foto: dpa / A. Mustermann")]
    public void Lines_that_say_what_they_are_are_left_out(string line) =>
        Assert.Equal($"{First}\n\n{Second}", Text($"<article><p>{First}</p><p>{line}</p><p>{Second}</p></article>"));

    [Fact]
    public void A_sentence_that_begins_like_a_notice_stays()
    {
        const string sentence = "More than a hundred people came, among them the <a href=/m>mayor</a> of the town.";
        Assert.Contains("More than a hundred people came", Text($"<article><p>{First}</p><p>{sentence}</p><p>{Second}</p></article>"), StringComparison.Ordinal);
    }

    [Fact]
    public void Lists_tables_code_and_quotations_are_kept_as_readable_text()
    {
        var text = Text($"""
            <article><p>{First}</p>
            <ul><li>one</li><li>two <b>bold</b><ol><li>inner</li></ol></li></ul>
            <table><tr><th>Town</th><th>People</th></tr><tr><td>A</td><td>12</td></tr></table>
            <pre><code>if (x)
                return  1;
            </code></pre>
            <blockquote><p>Said by somebody.</p></blockquote>
            <p>Line one<br>line two</p><p>{Second}</p></article>
            """);
        Assert.Equal(
            $"{First}\n\n- one\n- two bold\n  1. inner\n\nTown | People\nA | 12\n\nif (x)\n    return  1;\n\nSaid by somebody.\n\nLine one\nline two\n\n{Second}",
            text.Replace("if (x)\n                return", "if (x)\n    return", StringComparison.Ordinal));
    }

    [Fact]
    public void White_space_collapses_and_inline_elements_do_not_part_words()
    {
        var text = Text($"<article><p>{First}</p><p>A&nbsp;<b>b</b>old\n\t  w<i>or</i>d,&shy; soft&#8203;ly.</p><p>{Second}</p></article>");
        Assert.Equal($"{First}\n\nA bold word, softly.\n\n{Second}", text);
    }

    [Fact]
    public void The_lead_above_the_body_is_part_of_the_text()
    {
        var text = Text($"<article><h1>H</h1><p class='teaser-text'>What happened, in one sentence that stands apart.</p><figure>x</figure><div class='article-body'><p>{First}</p><p>{Second}</p></div></article>");
        Assert.StartsWith("What happened, in one sentence that stands apart.\n\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void More_comments_than_text_do_not_hide_the_text()
    {
        var comments = string.Concat(Enumerable.Repeat($"<div class=c><p>{Third}</p></div>", 30));
        var text = Text($"<div id=a><p>{First}</p><p>{Second}</p></div><div class='comment-area'>{comments}</div>");
        Assert.Equal($"{First}\n\n{Second}", text);
    }

    [Fact]
    public void A_short_page_is_still_a_text() =>
        Assert.Contains("The meeting is on Monday.", Text($"<div id=nav>{Menu}</div><div id=content><h1>News</h1><p>The meeting is on Monday.</p></div>"), StringComparison.Ordinal);

    [Fact]
    public void Text_without_spaces_between_words_is_text()
    {
        const string chinese = "这是一篇关于语言模型的文章，它解释了如何从网页中提取正文内容，并且说明了为什么这样做是有用的。这一段文字足够长，可以被认为是正文。";
        var text = Text($"<div>{Menu}</div><div><p>{chinese}</p><p>{chinese}</p></div><div><a href=/x>首页</a></div>");
        Assert.Equal($"{chinese}\n\n{chinese}", text);
    }

    [Fact]
    public void What_the_page_holds_as_data_is_used_where_it_holds_no_text()
    {
        var json = $$"""{"@context":"https://schema.org","@graph":[{"@type":"NewsArticle","headline":"H","articleBody":"{{First}} {{Second}}"}]}""";
        var page = Extract($"<html><head><script type='application/ld+json'>{json}</script></head><body><p>Loading</p></body></html>");
        Assert.Equal($"{First} {Second}", page.Text);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html><body></body></html>")]
    [InlineData("<html><frameset><frame></frameset></html>")]
    [InlineData("<script>x</script>")]
    public void A_page_without_text_is_dropped_with_a_reason(string html) => Assert.Equal("no main content found", Reason(html));
}
