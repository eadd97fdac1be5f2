using Coppice.Corpus.Quality;
using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Corpus.Tests.Steps.Quality;

public sealed class ListTests
{
    private static string? ReasonFor(UrlBlockLists lists, string? url) => Filtering.Run(new UrlBlockList(lists), "text", url: url).Reason;

    private static readonly UrlBlockLists Lists = new()
    {
        Domains = new HashSet<string> { "bad.com" },
        Hosts = new HashSet<string> { "one.example.org" },
        Urls = new HashSet<string> { "http://example.net/page" },
        Words = new HashSet<string> { "casino" },
        SoftWords = new HashSet<string> { "free", "win" },
        SubWords = new HashSet<string> { "xyzzy" },
    };

    [Theory]
    [InlineData("https://bad.com/x", "blocked domain")]
    [InlineData("http://user@a.b.BAD.com:80/x", "blocked domain")]
    [InlineData("https://notbad.com/", null)]
    [InlineData("https://one.example.org", "blocked host")]
    [InlineData("https://two.one.example.org", null)]
    [InlineData("https://example.net/page/", "blocked address")]
    [InlineData("https://example.net/page2", null)]
    [InlineData("https://a.org/Casino-night", "blocked word in the address")]
    [InlineData("https://a.org/casinos", null)]
    [InlineData("https://a.org/free/win", "several soft words in the address")]
    [InlineData("https://a.org/free/free", "several soft words in the address")]
    [InlineData("https://a.org/free", null)]
    [InlineData("https://a.org/axyz-zyb", "blocked part of a word in the address")]
    [InlineData(null, null)]
    public void Addresses_are_blocked_by_the_lists_and_nothing_else(string? url, string? reason)
    {
        Assert.Equal(reason, ReasonFor(Lists, url));
        Assert.Null(ReasonFor(new UrlBlockLists(), url));
    }

    [Fact]
    public void Documents_without_an_address_can_be_dropped() => Assert.Equal("no address", ReasonFor(Lists with { DropWithoutUrl = true }, null));

    private static bool HasBadWord(string text, string? language, double keepFraction = 0)
    {
        var words = new Dictionary<string, IReadOnlySet<string>>
        {
            ["en"] = new HashSet<string> { "ass", "bad thing" },
            ["ja"] = new HashSet<string> { "悪い", "女の子" },
            ["zh"] = new HashSet<string> { "坏", "性" },
        };
        return Filtering.Run(new BadWords(new BadWordsOptions { Words = words, KeepFraction = keepFraction }), text, language).Reason is not null;
    }

    [Theory]
    [InlineData("what an ASS.", "en", true)]
    [InlineData("ass", "en", true)]
    [InlineData("a (bad thing)", null, true)]
    [InlineData("class assembly ass_1 bad things", "en", false)]
    [InlineData("what an ass", "de", false)]
    [InlineData("これは悪いです", "ja", true)]
    [InlineData("女の子です", "ja", false)]
    [InlineData("这是坏的", "zh", true)]
    [InlineData("性格", "zh", false)]
    public void Bad_words_stand_between_other_characters_except_in_scripts_without_spaces(string text, string? language, bool isBad) =>
        Assert.Equal(isBad, HasBadWord(text, language));

    [Fact]
    public void A_fraction_of_documents_with_bad_words_can_be_kept()
    {
        Assert.False(HasBadWord("ass", "en", keepFraction: 1));
        var step = new BadWords(new BadWordsOptions { Words = new Dictionary<string, IReadOnlySet<string>> { ["en"] = new HashSet<string> { "ass" } }, KeepFraction = 0.25 }).Begin();
        Assert.InRange(Enumerable.Range(0, 4000).Count(i => step(new Document($"doc-{i}", "ass", "test")).Document is not null), 900, 1100);
    }

    [Fact]
    public void Lists_are_files_with_an_entry_on_each_line()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(["one", "two"], WordList.Read([folder.Write("list", "# comment\nOne\n\n two \n")]).Order());
        Assert.Contains("has no entry", Assert.Throws<CoppiceException>(() => WordList.Read([folder.Write("empty", "# nothing\n")])).Message);
        Assert.Equal(["de", "en"], BadWordsOptions.Read([folder.Write("en.txt", "x"), folder.Write("DE", "y")]).Keys.Order());
        Assert.Contains("two files", Assert.Throws<CoppiceException>(() => BadWordsOptions.Read([folder.At("en.txt"), folder.Write("x/en", "y")])).Message);
    }
}
