using Coppice.Corpus.Quality;

namespace Coppice.Corpus.Tests.Steps.Quality;

public sealed class C4Tests
{
    private const string Good = "This is a fine and whole sentence.";
    private static readonly C4Options OneSentence = new() { MinSentences = 1 };

    private static string Kept(C4Options options, params string[] lines) => Filtering.Run(new C4(options), string.Join('\n', lines)).Document?.Text ?? "";

    [Theory]
    [InlineData(C4Variant.Tfds, 5, 3)]
    [InlineData(C4Variant.Datatrove, 3, 5)]
    public void Fewest_words_of_a_line_and_sentences_of_a_document_are_the_variants(C4Variant variant, int words, int sentences)
    {
        var step = new C4(new C4Options { Variant = variant });
        var line = Filtering.Words(words) + ".";
        var enough = string.Join('\n', Enumerable.Repeat(line, sentences));
        Filtering.Keeps(step, enough);
        Filtering.Drops(step, string.Join('\n', Enumerable.Repeat(line, sentences - 1)), "too few sentences");
        var shorter = Filtering.Words(words - 1) + ".";
        Assert.Equal(enough, Filtering.Run(step, enough + "\n" + shorter).Document!.Text);
    }

    [Theory]
    [InlineData('.', true, true)]
    [InlineData('?', true, true)]
    [InlineData('!', true, true)]
    [InlineData('"', true, true)]
    [InlineData('\'', false, true)]
    [InlineData(':', false, false)]
    public void End_marks_are_the_variants(char mark, bool isTfds, bool isDatatrove)
    {
        var line = "one two three four five six" + mark;
        Assert.Equal(isTfds, Kept(OneSentence, Good, line).Contains(line));
        Assert.Equal(isDatatrove, Kept(OneSentence with { Variant = C4Variant.Datatrove }, Good, line).Contains(line));
        Assert.Contains(line, Kept(OneSentence with { RequireTerminalPunctuation = false }, Good, line));
    }

    [Fact]
    public void An_ellipsis_is_no_end_mark()
    {
        Assert.Equal(Good, Kept(OneSentence, Good, "one two three four five six..."));
        Assert.NotEqual(Good, Kept(OneSentence with { RequireTerminalPunctuation = false }, Good, "one two three four five six..."));
    }

    [Fact]
    public void A_line_with_a_word_of_over_1000_characters_goes()
    {
        var longest = $"one two three four {new string('x', 999)}.";
        Assert.Equal($"{Good}\n{longest}", Kept(OneSentence, Good, longest));
        Assert.Equal(Good, Kept(OneSentence, Good, $"one two three four {new string('x', 1000)}."));
    }

    [Theory]
    [InlineData("We like this place very much[12].", "We like this place very much.")]
    [InlineData("We like[edit] this place [citation needed]very much.", "We like this place very much.")]
    [InlineData("We like this[] place very much[a].", "We like this place very much[a].")]
    public void Marks_of_citations_are_removed(string line, string expected) => Assert.Equal(expected, Kept(OneSentence, line));

    [Fact]
    public void A_mark_after_a_space_leaves_the_space_which_is_no_end_mark() => Assert.Equal(Good, Kept(OneSentence, Good, "We like this place very much. [12]"));

    [Theory]
    [InlineData("Please enable JavaScript in the browser now.")]
    [InlineData("Read our Terms of Use before you go.")]
    [InlineData("Read our privacy policy before you go.")]
    [InlineData("Read our Cookie Policy before you go.")]
    [InlineData("This fine site uses cookies for you.")]
    [InlineData("Agree to the use of cookies here.")]
    [InlineData("Here we use cookies for you all.")]
    public void Lines_of_boilerplate_go(string line) => Assert.Equal(Good, Kept(OneSentence, line, Good));

    [Fact]
    public void Cookies_that_are_eaten_stay() => Assert.Contains("cookies", Kept(OneSentence, Good, "She baked fine cookies for us all."));

    [Fact]
    public void Lorem_ipsum_and_a_brace_drop_the_document_if_their_line_would_be_kept()
    {
        var step = new C4(OneSentence);
        Filtering.Drops(step, $"{Good}\nHere is Lorem Ipsum for you.", "lorem ipsum");
        Filtering.Drops(step, $"{Good}\nif this then that {{ stop }}.", "opening brace");
        Filtering.Keeps(step, $"{Good}\nif this then that {{ stop }}");
        Filtering.Keeps(new C4(OneSentence with { DropWithBrace = false }), $"{Good}\nif this then that {{ stop }}.");
    }

    [Fact]
    public void The_rules_that_can_be_switched_off_are()
    {
        Assert.Contains("JavaScript", Kept(OneSentence with { RemoveJavaScript = false }, "Please enable JavaScript in the browser now."));
        Assert.Contains("cookies", Kept(OneSentence with { RemovePolicies = false }, "Here we use cookies for you all."));
    }

    [Fact]
    public void What_was_removed_is_counted()
    {
        var result = Filtering.Run(new C4(OneSentence), $"{Good}\nno end\nToo short.\n  {Good}");
        Assert.Equal($"{Good}\n{Good}", result.Document!.Text);
        Assert.Equal([new("lines without an end mark", 1), new("lines of few words", 1)], result.Changes);
    }

    [Fact]
    public void A_document_without_faults_is_the_same_object()
    {
        var document = new Document("1", $"{Good}\n{Good}\n{Good}", "test");
        Assert.Same(document, new C4().Begin()(document).Document);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("no mark at all", 1)]
    [InlineData("One. Two! Three?", 3)]
    [InlineData("He said \"Stop.\" Then he went.", 2)]
    [InlineData("Mr. Smith met Dr. J. Brown at 3.15 p.m. yesterday. Then he left.", 2)]
    [InlineData("See www.example.com for more... and so on. End", 2)]
    [InlineData("これは文です。これも文です。", 2)]
    public void Sentences_are_counted(string line, int sentences) => Assert.Equal(sentences, Sentences.Count(line, 100));
}
