using Coppice.Foundation;

namespace Coppice.Inference.Tests;

public sealed class GrammarConstraintTests
{
    private const string Arithmetic = """
        # Sums of products; brackets lie in each other.
        root    ::= sum
        sum     ::= product (" + " product)*
        product ::= factor (" * " factor)*
        factor  ::= [0-9]+ | "(" sum ")"
                  | "-" factor   # a rule goes on until the next one begins
        """;

    [Fact]
    public void Rules_that_come_to_themselves_again_are_followed()
    {
        Following.AssertAccepts(
            TextConstraint.Grammar(Arithmetic),
            ["1", "12 + 3", "(1 + 2) * 3", "((((7))))", "-(-1 * 2) + 3"],
            ["", "1 +", "(1", "1)", "1+2", "(1 + 2) * 3)", "()"]);
        Following.AssertAccepts(TextConstraint.Grammar("root ::= \"a\" root \"b\" | \"ab\""), ["ab", "aabb", "aaaabbbb"], ["a", "abb", "aab", "ba"]);
        Following.AssertAccepts(TextConstraint.Grammar("root ::= x root x | x\nx ::= [ab]"), ["a", "bab", "ababa"], ["", "ab", "abab"]);
    }

    [Theory]
    [InlineData("root ::= \"a\"{2,3} [b-d]? .", "aax|aaabé|aacd", "aa|ab")]
    [InlineData("root ::= \"\\\"\\n\\x41\\u00e9\\\\\"", "\"\nAé\\", "")]
    [InlineData("root ::= word (\", \" word)* \".\"\nword ::= [a-z]+", "a.|ab, c.", "a|a,b.")]
    [InlineData("root ::= \"\" | item root\nitem ::= \"x\" | \"y\"", "|x|xyx", "z")]
    [InlineData("root ::= ws \"a\" ws\nws ::= [ \\t]*", "a| a|a\t ", "b| ")]
    [InlineData("root::=a-b a_b2\na-b::=\"1\"\na_b2::=\"2\"", "12", "1")]
    public void It_is_read_as_it_is_written_elsewhere(string grammar, string accepted, string rejected) =>
        Following.AssertAccepts(TextConstraint.Grammar(grammar), accepted.Split('|'), rejected.Split('|').Except(accepted.Split('|')));

    [Theory]
    [InlineData("", "no rule 'root'")]
    [InlineData("rooot ::= \"a\"", "did you mean 'rooot'")]
    [InlineData("root = \"a\"", "a rule is expected")]
    [InlineData("root ::= other", "needs a rule 'other'")]
    [InlineData("root ::= wrd\nword ::= \"a\"", "did you mean 'word'")]
    [InlineData("root ::= \"a\"\nroot ::= \"b\"", "was there before")]
    [InlineData("root ::= (\"a\"", "not closed")]
    [InlineData("root ::= \"a\")", "closes nothing")]
    [InlineData("root ::= \"a", "too early")]
    [InlineData("root ::= \"\\d\"", "not a class")]
    [InlineData("root ::= root \"a\" | \"a\"", "begins with itself")]
    [InlineData("root ::= a \"x\"\na ::= b? root | \"x\"\nb ::= \"y\"", "begins with itself")]
    [InlineData("root ::= \"a\" root", "always needs itself")]
    [InlineData("root ::= \"a\" | b\nb ::= \"x\" c\nc ::= \"y\" b", "always needs itself")]
    [InlineData("root ::= ((\"a\"{1000}){1000}){1000}", "states")]
    public void What_it_can_not_do_is_said(string grammar, string expected)
    {
        var error = Assert.Throws<CoppiceException>(() => Following.States(TextConstraint.Grammar(grammar)));
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.StartsWith("grammar", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_grammar_that_can_be_read_in_ever_more_ways_is_refused_before_it_takes_the_memory()
    {
        var states = Following.States(TextConstraint.Grammar("root ::= \"x\" root \"y\" | \"x\" root \"z\" | \"x\""));
        var error = Assert.Throws<CoppiceException>(() => Following.After(states, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"u8));
        Assert.Contains("too many ways", error.Message, StringComparison.Ordinal);
        // It is of use all the same where the text stays short.
        Assert.True(Following.After(states, "xxxyz"u8) is { IsEnd: true });
    }

    [Fact]
    public void Recursion_at_the_end_of_a_rule_is_a_loop()
    {
        var states = Following.States(TextConstraint.Grammar("root ::= [a-z] rest\nrest ::= \"\" | \", \" [a-z] rest"));
        var once = Following.After(states, "a"u8);
        Assert.Same(Following.After(states, "a, b"u8), Following.After(states, "a, b, c, d, e"u8));
        Assert.NotNull(once);
    }

    [Fact]
    public void What_was_forgotten_is_found_again()
    {
        // More states than are remembered.
        var states = Following.States(TextConstraint.JsonObject);
        var text = "{\"a\": " + new string('[', 12_000) + new string(']', 12_000);
        Assert.True(Following.After(states, System.Text.Encoding.UTF8.GetBytes(text)) is { IsEnd: false });
        Assert.True(Following.After(states, System.Text.Encoding.UTF8.GetBytes(text + "}")) is { IsEnd: true });
    }
}
