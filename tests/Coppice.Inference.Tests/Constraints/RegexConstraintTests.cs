using System.Text;
using System.Text.RegularExpressions;
using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Inference.Tests;

public sealed class RegexConstraintTests
{
    [Theory]
    [InlineData("abc", "abc", "|ab|abcd|abC")]
    [InlineData("^abc$", "abc", "ab|xabc")]
    [InlineData("^a$|^b", "a|b", "ab|")]
    [InlineData("a*", "|a|aaaa", "b|ab")]
    [InlineData("a{2,3}b?", "aa|aaa|aab|aaab", "a|aaaa|b")]
    [InlineData("a{2}", "aa", "a|aaa")]
    [InlineData("a{2,}?", "aa|aaaaa", "a")]
    [InlineData("(?:ab|c)+", "ab|c|abcab", "|ac")]
    [InlineData("(?<year>[0-9]{4})-(?P<month>0[1-9]|1[0-2])", "2024-12|1999-01", "2024-13|99-01")]
    [InlineData(@"\d+\.\d\D\w\W\s\S", "12.3x_- y", "12.3xé- y|.3x_- y")]
    [InlineData(@"[^a-y\]]", "z|é|🙂|\n", "a|]|zz")]
    [InlineData(@"[\d\-x-z]{2}", "1-|yz", "a1|1x2")]
    [InlineData("[é-日]", "é|日|一", "e|語|一x|🙂|ß")]
    [InlineData("..", "ab|日🙂|a日", "a|a\n|abc")]
    [InlineData(@"\x41\u00e9\ud83d\ude42", "Aé🙂", "")]
    [InlineData(@"a\{1\}\(\\", @"a{1}(\", "a")]
    [InlineData("{a}{1", "{a}{1", "a")]
    [InlineData("(a|)(b|c|)", "|a|b|ab|ac", "ba|abc")]
    [InlineData("((a*)*)*b", "b|aab", "a")]
    public void It_accepts_whole_texts_that_match(string regex, string accepted, string rejected) =>
        Following.AssertAccepts(TextConstraint.Regex(regex), accepted.Split('|'), rejected.Split('|').Except(accepted.Split('|')));

    [Fact]
    public void It_accepts_what_another_engine_accepts()
    {
        var texts = new List<string> { "" };
        for (var i = 0; texts[i].Length < 5; i++) texts.AddRange(new[] { "a", "b", "é" }.Select(character => texts[i] + character));
        for (var seed = 0UL; seed < 300; seed++)
        {
            var regex = RandomRegex(new Philox(seed, 8));
            var states = Following.States(TextConstraint.Regex(regex));
            var other = new Regex($@"\A(?:{regex})\z", RegexOptions.CultureInvariant);
            foreach (var text in texts) Assert.True(other.IsMatch(text) == (Following.After(states, Encoding.UTF8.GetBytes(text)) is { IsEnd: true }), $"'{regex}' on '{text}'");
        }
    }

    [Fact]
    public void From_wherever_a_text_can_be_it_can_be_brought_to_an_end()
    {
        for (var seed = 0UL; seed < 100; seed++)
        {
            var states = Following.States(TextConstraint.Regex(RandomRegex(new Philox(seed, 9))));
            var followers = new Dictionary<GrammarState, HashSet<GrammarState>>();
            var pending = new Queue<GrammarState>([states.Start]);
            while (pending.TryDequeue(out var state))
            {
                if (followers.ContainsKey(state)) continue;
                followers[state] = [.. Enumerable.Range(0, 256).Select(value => states.After(state, (byte)value)).OfType<GrammarState>()];
                foreach (var next in followers[state]) pending.Enqueue(next);
            }

            var live = followers.Keys.Where(state => state.IsEnd).ToHashSet();
            while (followers.Any(pair => !live.Contains(pair.Key) && pair.Value.Overlaps(live) && live.Add(pair.Key)))
            {
            }

            Assert.Equal(followers.Count, live.Count);
        }
    }

    [Theory]
    [InlineData("(", "not closed")]
    [InlineData("a)", "closes nothing")]
    [InlineData("*a", "nothing that '*'")]
    [InlineData("a**", "can't be repeated")]
    [InlineData("a*+", "can't be repeated")]
    [InlineData("a{2}{3}", "can't be repeated")]
    [InlineData("[a", "too early")]
    [InlineData("[]", "matches nothing")]
    [InlineData("[z-a]", "must rise")]
    [InlineData(@"[\d-x]", "not a class")]
    [InlineData("[[:alpha:]]", "named classes")]
    [InlineData("a{3,2}", "fewer than")]
    [InlineData("a{99999999999}", "too many")]
    [InlineData("(((a{1000}){1000}){1000})", "states")]
    [InlineData("(?=a)b", "look around")]
    [InlineData("(?i)b", "look around")]
    [InlineData(@"(a)\1", @"'\1' is not supported")]
    [InlineData(@"\bword", @"'\b' is not supported")]
    [InlineData(@"\p{L}", @"'\p' is not supported")]
    [InlineData(@"\x4", "hexadecimal")]
    [InlineData(@"\ud83d", "no Unicode character")]
    [InlineData("a\\", "too early")]
    [InlineData("a^b", "at the start")]
    [InlineData("a$b", "at the end")]
    [InlineData("(a$)", "at the start and the end")]
    [InlineData("x\nab(", "line 2, character 4")]
    public void What_it_can_not_do_is_said(string regex, string expected)
    {
        var error = Assert.Throws<CoppiceException>(() => Following.States(TextConstraint.Regex(regex)));
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.StartsWith(regex.Contains("1000", StringComparison.Ordinal) ? "grammar" : "regex, line", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Groups_without_end_and_texts_without_end_are_refused()
    {
        Assert.Throws<CoppiceException>(() => Following.States(TextConstraint.Regex(new string('(', 100_000))));
        Assert.Throws<CoppiceException>(() => TextConstraint.Regex(new string('a', 10_000_000)));
    }

    private static string RandomRegex(Philox random)
    {
        var number = 0UL;
        return Part(3);

        int Choose(int count) => random.Integer(number++, count);

        string Part(int depth) => depth == 0 ? new[] { "a", "b", "é", "[ab]", "[^a]", "." }[Choose(6)] : Choose(6) switch
        {
            0 or 1 => Part(depth - 1) + Part(depth - 1),
            2 => $"(?:{Part(depth - 1)}|{Part(depth - 1)})",
            3 => $"({Part(depth - 1)}){new[] { "*", "+", "?", "{2}", "{1,2}", "{0,1}", "{2,}" }[Choose(7)]}",
            4 => $"({Part(depth - 1)}|)",
            _ => Part(depth - 1),
        };
    }
}
