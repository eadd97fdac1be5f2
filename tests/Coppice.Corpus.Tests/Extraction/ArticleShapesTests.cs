using static Coppice.Corpus.Tests.Extraction.Pages;

namespace Coppice.Corpus.Tests.Extraction;

/// <summary>Shapes that real pages have: what belongs to the text and what stands next to it, whatever it is called.</summary>
public sealed class ArticleShapesTests
{
    [Theory]
    [InlineData("<div class='top'><h1>The town has a new bridge</h1></div><div class='pictures'><img></div><div class='entry-content'>", "</div>")]
    [InlineData("<h1><a href=/>My site</a></h1><div class='post'><h2><a href=/b>The town has a new bridge</a></h2><div class='entry-content'>", "</div></div>")]
    [InlineData("<div class='title'>The town has a new bridge</div><div class='body-text'>", "</div>")]
    public void The_headline_is_the_first_line_wherever_it_stands(string open, string close)
    {
        var page = Extract($"<html><head><title>The town has a new bridge | My site</title></head><body>{Menu}{open}<p>{First}</p><p>{Second}</p><p>{Third}</p>{close}</body></html>");
        Assert.Equal($"The town has a new bridge\n\n{First}\n\n{Second}\n\n{Third}", page.Text);
    }

    [Theory]
    [InlineData("<h2>It cost twice as much as the town had planned</h2>")]
    [InlineData("<div class='lead'>It cost twice as much as the town had planned</div>")]
    [InlineData("<p class='teaser'>It cost twice as much as the town had planned</p>")]
    public void Between_headline_and_text_the_lead_is_kept(string lead)
    {
        var page = Extract($"<html><head><title>The town has a new bridge</title></head><body>{Menu}<div><h1>The town has a new bridge</h1>{lead}<div class='byline'>By A. Writer, 3 May</div></div><div class='article-body'><p>{First}</p><p>{Second}</p></div></body></html>");
        Assert.Equal($"The town has a new bridge\n\nIt cost twice as much as the town had planned\n\n{First}\n\n{Second}", page.Text);
    }

    [Fact]
    public void What_stands_before_the_headline_is_left_out()
    {
        var page = Extract($"<html><head><title>The town has a new bridge</title></head><body><div class='story-body'><h3>Pictures</h3><span>5 June 2013, 17:05</span><h1>The town has a new bridge</h1><p>{First}</p><p>{Second}</p></div></body></html>");
        Assert.StartsWith("The town has a new bridge\n\n", page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Neighbours_with_a_linked_title_and_a_summary_are_teasers_whatever_they_are_called()
    {
        var teasers = string.Concat(Enumerable.Range(1, 4).Select(number =>
            $"<div class='x7'><h4><a href=/{number}>Another story, number {number} of them</a></h4><p>What it is about, in a sentence that says so and no more, and that is {number} words long.</p></div>"));
        Assert.Equal($"Heading\n\n{First}\n\n{Second}\n\n{Third}", Text($"<div><h1>Heading</h1><p>{First}</p><p>{Second}</p><p>{Third}</p><div>{teasers}</div></div>"));
    }

    [Fact]
    public void A_page_of_teasers_alone_is_a_text()
    {
        var teasers = string.Concat(Enumerable.Range(1, 6).Select(number =>
            $"<div class='x7'><h4><a href=/{number}>Another story, number {number} of them</a></h4><p>What it is about, in a sentence that says so and no more, and that is {number} words long.</p></div>"));
        Assert.Contains("and that is 3 words long.", Text($"<div><h1>News</h1>{teasers}</div>"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("The pool opens on the first of May, and everybody is welcome there. <a href=/x>mehr</a>")]
    [InlineData("The pool opens on the first of May, and everybody is welcome there. <a href=/x>Read more »</a>")]
    [InlineData("The pool opens on the first of May, and everybody… <a href=/x>[lire la suite]</a>")]
    public void A_paragraph_that_ends_in_a_link_to_read_on_is_a_teaser(string teaser) =>
        Assert.Equal($"{First}\n\n{Second}\n\n{Third}", Text($"<div><p>{First}</p><p>{Second}</p><p>{Third}</p><p>{teaser}</p></div>"));

    [Fact]
    public void A_sentence_that_ends_in_more_is_none() =>
        Assert.Contains("nothing more.", Text($"<div><p>{First}</p><p>We saw <a href=/x>the bridge</a> and the tower, and nothing more.</p><p>{Second}</p></div>"), StringComparison.Ordinal);

    [Theory]
    [InlineData("col-md-4", "col-md-8")]
    [InlineData("col-xs-12 col-lg-3", "col-xs-12 col-lg-9")]
    [InlineData("span4", "span8")]
    public void A_narrow_column_with_links_next_to_a_wide_one_is_a_sidebar(string narrow, string wide)
    {
        const string side = "<h4>Dates</h4><p>The next meeting is on Monday at the town hall, and all are welcome. <a href=/d>All dates of this year</a></p>";
        var text = Text($"<div class=row><div class='{wide}'><h1>Heading</h1><p>{First}</p><p>{Second}</p><p>{Third}</p></div><div class='{narrow}'>{side}</div></div>");
        Assert.Equal($"Heading\n\n{First}\n\n{Second}\n\n{Third}", text);
    }

    [Fact]
    public void A_narrow_column_without_links_is_text() =>
        Assert.Contains("250 g flour", Text($"<article class=row><h1>Cake</h1><div class='col-md-8'><p>{First}</p><p>{Second}</p><p>{Third}</p></div><div class='col-md-4'><ul><li>250 g flour</li><li>3 eggs</li></ul></div></article>"), StringComparison.Ordinal);

    [Fact]
    public void Menus_around_a_short_text_do_not_take_it_with_them() =>
        Assert.Equal("Meeting\n\nWe meet on Monday at eight.", Text($"<div id=content>{Menu}{Menu}<div class=post><h2>Meeting</h2><p>We meet on Monday at eight.</p></div>{Menu}</div>"));

    [Fact]
    public void Questions_about_cookies_are_no_text_however_long()
    {
        var notice = string.Concat(Enumerable.Repeat($"<p>{Third}</p>", 8));
        Assert.Equal($"{First}\n\n{Second}", Text($"<div><p>{First}</p><p>{Second}</p></div><div id='onetrust-consent-sdk'>{notice}</div>"));
    }

    [Fact]
    public void The_text_of_an_article_is_not_dropped_for_the_names_around_it()
    {
        var other = string.Concat(Enumerable.Repeat($"<div class=c>{Third}</div>", 8));
        var text = Text($"<div class='article-social'><div class='entry-content'><p>{First}</p><p>{Second}</p><p>{Third}</p></div></div><div>{other}</div>");
        Assert.StartsWith(First, text, StringComparison.Ordinal);
    }

    [Fact]
    public void Sections_of_documentation_are_not_judged_by_their_headings() =>
        Assert.Contains(Third, Text($"<main><section id='overview'><h1>Overview</h1><p>{First}</p><p>{Second}</p></section><section id='save-and-share-your-login'><h2>Save and share your login</h2><p>{Third}</p></section></main>"), StringComparison.Ordinal);

    [Fact]
    public void The_posts_of_a_thread_are_the_text_together()
    {
        var posts = string.Concat(new[] { First, Second, Third }.Select(text => $"<div class='post'><dl class='postprofile'><dt>somebody</dt></dl><div class='postbody'>{text}<br><br>Thank you.</div></div>"));
        var extracted = Text($"{Menu}<div id='page-body'>{posts}</div>");
        Assert.Equal($"{First}\n\nThank you.\n\n{Second}\n\nThank you.\n\n{Third}\n\nThank you.", extracted);
    }

    [Fact]
    public void Short_lines_of_a_page_with_few_links_are_text()
    {
        var text = Text($"{Menu}<main><h1>Questions</h1><h2><button>How do I order?</button></h2><div>{First}</div><h2><button>What does it cost?</button></h2><div>Five euros.</div></main>");
        Assert.EndsWith("What does it cost?\n\nFive euros.", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_without_running_text_is_its_short_lines() =>
        Assert.Equal("Prices\n\n- Adults: 5 euros\n- Children: 3 euros", Text($"{Menu}<main><h1>Prices</h1><ul><li>Adults: 5 euros</li><li>Children: 3 euros</li></ul></main>"));

    [Fact]
    public void A_paragraph_in_another_language_is_text()
    {
        const string german = "Der neue Turm ist der höchste im ganzen Land, und er wird auch in den nächsten Jahren der höchste sein, wenn nicht noch ein anderer gebaut wird.";
        Assert.Contains(german, Text($"<div>{Menu}<div><p>{First}</p><p>{Second}</p><p>{german}</p><p>{Third}</p></div></div>"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Mehr dazu: {0}")]
    [InlineData("Ulteriori notizie: {0}")]
    [InlineData("A lire aussi : {0}")]
    public void A_label_with_nothing_but_a_link_leads_elsewhere(string line)
    {
        var link = string.Format(System.Globalization.CultureInfo.InvariantCulture, line, "<a href=/x>What happened in the other town last year</a>");
        Assert.Equal($"{First}\n\n{Second}", Text($"<article><p>{First}</p><p>{link}</p><p>{Second}</p></article>"));
    }

    [Fact]
    public void Comments_are_left_out_though_only_a_heading_announces_them()
    {
        var comments = $"<div class=x><div class=bar><h2>Comments</h2><span>Post yours</span></div><div class=y><p>{Third}</p></div></div>";
        Assert.Equal($"{First}\n\n{Second}", Text($"<div><div><p>{First}</p><p>{Second}</p></div>{comments}</div>"));
    }

    [Fact]
    public void Tags_of_word_processors_do_not_part_a_sentence() =>
        Assert.Contains("They met in New York City on Monday.", Text($"<article><p>{First}</p><p>They met in <st1:place><st1:City>New York City</st1:City></st1:place> on Monday.</p><p>{Second}</p></article>"), StringComparison.Ordinal);
}
