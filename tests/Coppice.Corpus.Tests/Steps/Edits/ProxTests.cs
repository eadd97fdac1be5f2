using Coppice.Corpus.Edits;
using Coppice.Testing;
using Xunit.Abstractions;

namespace Coppice.Corpus.Tests.Steps.Edits;

public sealed class ProxTests(ITestOutputHelper output)
{
    private static readonly string Twenty = string.Join('\n', Enumerable.Repeat("one two three four", 5));

    private sealed class Fixed(string program) : IEditProposer
    {
        public string Name => "fixed";

        public Func<Document, EditProgram> Begin() => _ => EditProgram.Parse(program);
    }

    private static StepResult Run(string program, string text) => Filtering.Run(new Prox(new Fixed(program)), text);

    [Fact]
    public void One_fault_is_counted_and_two_keep_the_text()
    {
        var one = Run("remove_lines(0, 0)\nremove_lines(99, 99)", Twenty);
        Assert.Equal(Twenty[19..], one.Document!.Text);
        Assert.Equal([new("edits refused: lines that are not there", 1), new("lines removed", 1)], one.Changes);
        var two = Run("remove_lines(0, 0)\nremove_lines(99, 99)\nnonsense", Twenty);
        Assert.Equal(Twenty, two.Document!.Text);
        Assert.Contains(new ReasonCount("documents whose program was not carried out", 1), two.Changes!);
    }

    [Fact]
    public void Documents_of_which_10_words_or_5_in_100_are_left_are_dropped()
    {
        Assert.Equal("hardly anything is left after the edits", Run("remove_lines(0, 2)", Twenty).Reason);
        Assert.NotNull(Run("remove_lines(0, 1)", Twenty).Document);
        var long_ = string.Join('\n', Enumerable.Repeat("one two three four five six", 100));
        Assert.Equal("hardly anything is left after the edits", Run("remove_lines(0, 94)", long_).Reason);
        Assert.NotNull(Run("remove_lines(0, 93)", long_).Document);
    }

    [Fact]
    public void A_program_can_drop_a_document_or_leave_it()
    {
        Assert.Equal("the edit program drops it", Run("drop_document()", Twenty).Reason);
        var document = new Document("1", Twenty, "test");
        Assert.Same(document, new Prox(new Fixed("keep_document()")).Begin()(document).Document);
    }

    [Fact]
    public void Rules_remove_what_pages_put_around_their_text()
    {
        const string Footer = "Example Magazine, the paper for all";
        string[] page =
        [
            "Home", "News", "Sports", "About us", "Contact", "Log in", "",
            "Home | News | Sports | About", "",
            "The first paragraph is what this page is about, and it is long enough to stay.",
            Footer, "Read more...", "3 likes",
            "The second paragraph goes on, and it ends as a sentence should.",
            Footer,
            "The third paragraph is the last of them, and it ends too.",
            Footer, "© Copyright 2020 Example. All rights reserved.",
        ];
        Assert.Equal(
            string.Join('\n', page[6], page[8], page[9], Footer, page[13], page[15]),
            Filtering.Run(new Prox(), string.Join('\n', page)).Document!.Text);
    }

    [SharedDataTheory("data/text")]
    [InlineData("books.jsonl.gz")]
    [InlineData("dc-law.jsonl.gz")]
    public void Rules_leave_nearly_all_lines_of_good_text(string file)
    {
        var step = new Prox().Begin();
        long before = 0;
        long after = 0;
        foreach (var document in new CorpusPipeline([new CorpusInput(SharedData.At($"data/text/{file}"))]).Run(new CorpusReport()).Take(200))
        {
            before += document.Text.Length;
            after += step(document).Document?.Text.Length ?? 0;
        }

        output.WriteLine($"{file}: {100.0 * after / before:F2} % of the characters are left");
        Assert.True(after > 0.97 * before);
    }
}
