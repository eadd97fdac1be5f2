using Coppice.Corpus.Extraction;
using static Coppice.Corpus.Tests.Extraction.Pages;

namespace Coppice.Corpus.Tests.Extraction;

public sealed class PageMetadataTests
{
    [Theory]
    [InlineData("<title>The heading - A Site</title>", "The heading")]
    [InlineData("<title>The heading | Section | A Site</title>", "The heading")]
    [InlineData("<title>Some page</title><meta property=og:title content='Shared heading'>", "Shared heading")]
    [InlineData("<title>x</title><meta property=og:title content='A longer title - Site'><meta property=og:site_name content=Site>", "A longer title")]
    [InlineData("<script type='application/ld+json'>{\"@type\":[\"BlogPosting\"],\"headline\":\"From data\"}</script><title>x</title>", "From data")]
    [InlineData("", "The heading")]
    public void The_title_is_found(string head, string title) => Assert.Equal(title, Page(head).Title);

    [Theory]
    [InlineData("<meta property='article:published_time' content='2021-03-04T05:06:07+01:00'>", "", "2021-03-04")]
    [InlineData("<script type='application/ld+json'>[{\"@type\":\"NewsArticle\",\"datePublished\":\"2020-02-29\"}]</script>", "", "2020-02-29")]
    [InlineData("", "<time datetime='2019-08-07'>yesterday</time>", "2019-08-07")]
    [InlineData("", "<span class='entry-date'>7. März 2018</span>", "2018-03-07")]
    [InlineData("", "<p class='date'>Published March 7th, 2017</p>", "2017-03-07")]
    [InlineData("", "<div class='post-date'>le 3 août 2016 à 10h</div>", "2016-08-03")]
    [InlineData("", "<span class='fecha'>23/12/2015</span>", "2015-12-23")]
    [InlineData("", "<span class='datum'>03.12.2015</span>", "2015-12-03")]
    [InlineData("", "<span class='date'>03/12/2015</span>", null)]
    [InlineData("<link rel=canonical href='https://a.example/2014/05/06/title.html'>", "", "2014-05-06")]
    [InlineData("<meta name=date content='2021-02-30'>", "", null)]
    public void The_date_is_found_or_left_out_where_it_is_not_clear(string head, string body, string? date) => Assert.Equal(date, Page(head, body).Date);

    [Theory]
    [InlineData("<link rel=canonical href='https://a.example/x'>", "https://a.example/x")]
    [InlineData("<link rel=canonical href='/x'><meta property=og:url content='http://a.example/y'>", "http://a.example/y")]
    [InlineData("<link rel=canonical href='javascript:alert(1)'>", null)]
    public void The_address_is_found(string head, string? url) => Assert.Equal(url, Page(head).Url);

    [Fact]
    public void A_licence_that_the_page_links_to_as_its_own_is_named() =>
        Assert.Equal("CC-BY-SA-4.0", Page("", "<a rel='license' href='https://creativecommons.org/licenses/by-sa/4.0/deed.de'>CC</a>").Licence);

    [Theory]
    [InlineData("{")]
    [InlineData("\"\\ud800\"")]
    [InlineData("{\"@type\":{},\"headline\":3}")]
    public void Data_that_is_broken_does_no_harm(string json) => Assert.Equal("The heading", Page($"<script type='application/ld+json'>{json}</script>").Title);

    [Fact]
    public void A_document_keeps_what_it_knows_and_learns_the_rest()
    {
        var step = new ExtractHtml().Begin();
        var page = new Document("id", $"<html><head><title>A title of the page</title><meta name=date content=2020-01-02><link rel=canonical href=https://b.example/></head><body><p>{First}<p>{Second}</body></html>", "web")
        {
            MediaType = "text/html",
            Url = "https://a.example/",
            Date = "2024-01-01T00:00:00Z",
        };
        var result = step(page).Document!;
        Assert.Equal(new Document("id", $"{First}\n\n{Second}", "web") { Title = "A title of the page", Url = "https://a.example/", Date = "2020-01-02" }, result);
        var plain = new Document("id", "<p>not html", "web");
        Assert.Same(plain, step(plain).Document);
        Assert.Null(step(page with { MediaType = "application/pdf" }).Document);
        var least = new ExtractHtml(minimumCharacters: 10_000).Begin()(page);
        Assert.Equal(ExtractionReasons.NoMainContent, least.Reason);
        Assert.Equal(10_000, least.Measured!.Value.Threshold);
    }

    [Fact]
    public void The_step_is_made_of_options()
    {
        var definition = Assert.Single(ExtractionSteps.All);
        var options = new StepOptions("recipe", new Dictionary<string, IReadOnlyList<string>> { ["max_characters"] = ["2000"] });
        var step = Assert.IsType<ExtractHtml>(definition.Create(options)).Begin();
        Assert.Equal(ExtractionReasons.TooLong, step(new Document("id", new string(' ', 2001), "web") { MediaType = "text/html" }).Reason);
    }

    private static ExtractedPage Page(string head, string body = "") =>
        Extract($"<!DOCTYPE html><html><head>{head}</head><body><article><h1>The heading</h1>{body}<p>{First}</p><p>{Second}</p></article></body></html>");
}
