using Coppice.Corpus.Extraction;

namespace Coppice.Corpus.Tests.Extraction;

/// <summary>Texts and frames for the pages of these tests.</summary>
internal static class Pages
{
    public const string First = "The first paragraph of the article is long enough to be told from a menu, because it has words that hold sentences together and that no menu would use.";
    public const string Second = "A second paragraph follows it, and what it says is of no importance at all, so long as it reads like something that a person wrote for others to read.";
    public const string Third = "In the third one there is a little more of the same, with a comma here and there, and at the end of it the reader knows as much as at the beginning.";

    public const string Menu = """<ul class="menu"><li><a href="/">Home page</a></li><li><a href="/b">Blog archive</a></li><li><a href="/c">Contact form</a></li></ul>""";

    public static ExtractedPage Extract(string html) => new HtmlExtractor().Extract(html, null, out var reason) ?? throw new InvalidOperationException(reason);

    public static string Text(string body) => Extract($"<!DOCTYPE html><html><head><title>T</title></head><body>{body}</body></html>").Text;

    public static string? Reason(string html)
    {
        Assert.Null(new HtmlExtractor().Extract(html, null, out var reason));
        return reason;
    }
}
