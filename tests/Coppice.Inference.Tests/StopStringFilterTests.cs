using System.Text;

namespace Coppice.Inference.Tests;

public sealed class StopStringFilterTests
{
    [Theory]
    [InlineData("hello END there", "hello ", true, "END")]
    [InlineData("hello EN", "hello EN", false, "END")]
    [InlineData("aaaab", "aa", true, "aab")]
    [InlineData("abab", "", true, "aba", "ab")]
    [InlineData("xabcd", "x", true, "abc", "bc")]
    [InlineData("abc", "a", true, "bcd", "b")]
    [InlineData("no stop", "no stop", false)]
    [InlineData("🙂 and 😀!", "🙂 and ", true, "😀")]
    [InlineData("🙂 and 😁!", "🙂 and 😁!", false, "😀")]
    public void The_text_ends_before_the_first_stop_string_however_it_is_cut(string text, string expected, bool stopped, params string[] stops)
    {
        foreach (var cuts in Enumerable.Range(0, 1 << Math.Min(text.Length - 1, 10)))
        {
            var filter = new StopStringFilter(stops);
            var result = new StringBuilder();
            var start = 0;
            for (var i = 1; i <= text.Length; i++)
            {
                if (i < text.Length && ((cuts >> (i - 1)) & 1) == 0) continue;
                var piece = filter.Add(text[start..i]);
                Assert.DoesNotContain(stops, stop => piece.Contains(stop, StringComparison.Ordinal));
                result.Append(piece);
                start = i;
            }

            result.Append(filter.Finish());
            Assert.Equal(expected, result.ToString());
            Assert.Equal(stopped, filter.Stopped);
        }
    }

    [Fact]
    public void Text_that_can_not_become_a_stop_string_is_not_held_back()
    {
        var filter = new StopStringFilter(["\n\n", "END"]);
        Assert.Equal("one", filter.Add("one"));
        Assert.Equal(" line", filter.Add(" line\n"));
        Assert.Equal("\nE", filter.Add("Ex")[..2]);
        Assert.Equal("", filter.Add("EN"));
        Assert.Equal("EN.", filter.Add("."));
    }
}
