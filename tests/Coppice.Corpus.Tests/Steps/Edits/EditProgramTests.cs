using Coppice.Corpus.Edits;

namespace Coppice.Corpus.Tests.Steps.Edits;

public sealed class EditProgramTests
{
    [Fact]
    public void Calls_are_read_by_name_and_by_place()
    {
        var program = EditProgram.Parse("""
            remove_lines(line_start=3, line_end=5)
            remove_lines(7, 7)
            normalize(source_str="a, (b)", target_str='it\'s "c"\n')
            normalize("x")
            keep_document()
            """);
        Assert.Equal(
            [new Edit.RemoveLines(3, 5), new Edit.RemoveLines(7, 7), new Edit.Normalize("a, (b)", "it's \"c\"\n"), new Edit.Normalize("x", "")], program.Edits);
        Assert.Equal(0, program.Malformed);
    }

    [Theory]
    [InlineData("drop_document()")]
    [InlineData("drop_doc()")]
    [InlineData("remove_lines(all=True)")]
    public void A_document_can_be_dropped(string text) => Assert.Equal([new Edit.DropDocument()], EditProgram.Parse(text).Edits);

    [Theory]
    [InlineData("remove_lines(3)")]
    [InlineData("remove_lines(line_start=3, line_end=x)")]
    [InlineData("remove_lines(line_start=3, line_end=\"5\")")]
    [InlineData("remove_lines(line_start=3, line_end=5, more=6)")]
    [InlineData("remove_lines(99999999999, 99999999999)")]
    [InlineData("normalize(source_str=\"\")")]
    [InlineData("normalize(source_str=\"open, target_str=\"x\")")]
    [InlineData("normalize(source_str=\"a\\q\")")]
    [InlineData("normalize(source_str=a)")]
    [InlineData("delete(1, 2)")]
    [InlineData("remove_lines(1, 2")]
    [InlineData("I think that nothing should be removed.")]
    [InlineData("()")]
    [InlineData("drop_document(1)")]
    public void What_is_no_call_is_counted(string text)
    {
        var program = EditProgram.Parse(text);
        Assert.Equal((0, 1), (program.Edits.Count, program.Malformed));
    }

    [Theory]
    [InlineData(0, 0, "b\nc\nd")]
    [InlineData(1, 2, "a\nd")]
    [InlineData(3, 3, "a\nb\nc")]
    [InlineData(0, 3, "")]
    public void Lines_are_removed(int first, int last, string expected)
    {
        var outcome = EditExecutor.Apply("a\nb\nc\nd", new EditProgram([new Edit.RemoveLines(first, last)]));
        Assert.Equal((expected, last - first + 1, 0), (outcome.Text, outcome.LinesRemoved, outcome.Refused));
    }

    [Fact]
    public void A_final_line_end_stays() =>
        Assert.Equal("a\nb\n", EditExecutor.Apply("a\nb\nc\n", new EditProgram([new Edit.RemoveLines(2, 2)])).Text);

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 4)]
    [InlineData(4, 4)]
    [InlineData(0, int.MaxValue)]
    public void Lines_that_are_not_there_are_refused(int first, int last)
    {
        var outcome = EditExecutor.Apply("a\nb\nc\nd", new EditProgram([new Edit.RemoveLines(first, last)]));
        Assert.Equal(("a\nb\nc\nd", 1, 0), (outcome.Text, outcome.OutOfRange, outcome.LinesRemoved));
    }

    [Fact]
    public void What_touches_an_earlier_edit_is_refused()
    {
        var outcome = EditExecutor.Apply(
            "abc\nb\nc\nabd", new EditProgram([new Edit.RemoveLines(1, 2), new Edit.RemoveLines(2, 3), new Edit.Normalize("ab", "x"), new Edit.Normalize("bc", "y"), new Edit.Normalize("\nb\n", "")]));
        Assert.Equal(("xc\nxd", 3, 2, 2), (outcome.Text, outcome.Overlapping, outcome.LinesRemoved, outcome.Replacements));
    }

    [Fact]
    public void A_text_that_does_not_occur_is_refused()
    {
        var outcome = EditExecutor.Apply("abc", new EditProgram([new Edit.Normalize("x", "y"), new Edit.Normalize("b", "")]));
        Assert.Equal(("ac", 1, 1), (outcome.Text, outcome.NotMatching, outcome.Replacements));
    }

    [Fact]
    public void Replacements_see_the_original_text() =>
        Assert.Equal("bc", EditExecutor.Apply("ab", new EditProgram([new Edit.Normalize("a", "b"), new Edit.Normalize("b", "c")])).Text);

    [Fact]
    public void Too_many_replacements_are_refused()
    {
        var outcome = EditExecutor.Apply("abc", new EditProgram([.. Enumerable.Repeat(new Edit.Normalize("x", ""), 1000)]));
        Assert.Equal((EditExecutor.MostReplacements, 900), (outcome.NotMatching, outcome.TooMany));
    }

    [Fact]
    public void Random_programs_do_nothing_but_what_they_say()
    {
        var random = new Random(3);
        for (var round = 0; round < 500; round++)
        {
            var lines = Enumerable.Range(0, random.Next(1, 12)).Select(i => $"line{i}").ToArray();
            var edits = Enumerable.Range(0, 4).Select(_ => new Edit.RemoveLines(random.Next(-2, 13), random.Next(-2, 13))).ToArray();
            var left = lines.ToDictionary(line => line, _ => true);
            foreach (var edit in edits)
            {
                if (edit.First < 0 || edit.Last < edit.First || edit.Last >= lines.Length || lines[edit.First..(edit.Last + 1)].Any(line => !left[line])) continue;
                foreach (var line in lines[edit.First..(edit.Last + 1)]) left[line] = false;
            }

            Assert.Equal(string.Join('\n', lines.Where(line => left[line])), EditExecutor.Apply(string.Join('\n', lines), new EditProgram(edits)).Text);
        }
    }
}
