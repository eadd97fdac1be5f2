using System.Text;
using System.Text.Json;
using Coppice.Corpus.Decontamination;
using Coppice.Foundation;
using Coppice.Testing;
using Xunit;

namespace Coppice.Corpus.Tests.Decontamination;

public sealed class DecontaminateTests : IDisposable
{
    private const string Long = "the quick brown fox jumps over the lazy dog while nine old men sit on a wall and watch it run";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("Once " + Long + " again.")]
    [InlineData("THE QUICK BROWN FOX, JUMPS OVER the lazy — dog; while \"nine\" old (men) sit")]
    [InlineData("x the\n\nquick\tbrown   fox\u00A0jumps\r\nover the lazy dog while nine old mén sit y")]
    [InlineData("nine OLD men sit on: a wall ... and watch it run, dog")]
    public void Thirteen_words_in_a_row_are_found_whatever_their_case_punctuation_white_space_and_accents(string text)
    {
        var found = text.StartsWith("nine", StringComparison.Ordinal) ? "nine old men sit on a wall and watch it run dog" : Long;
        Assert.Null(Run(Step(found), text).Document);
    }

    [Fact]
    public void Twelve_words_of_a_long_item_are_no_hit()
    {
        var words = Long.Split(' ');
        Assert.NotNull(Run(Step(Long), "a b " + string.Join(' ', words[..12]) + " c d").Document);
        Assert.Null(Run(Step(Long), "a b " + string.Join(' ', words[..13]) + " c d").Document);
    }

    [Fact]
    public void A_short_item_is_found_as_a_whole_only_and_one_of_few_words_not_at_all()
    {
        var step = Step("Who had been in the garden?", "Yes, indeed.");
        Assert.Null(Run(step, "She asked: \"who had been in the GARDEN\" and left.").Document);
        Assert.NotNull(Run(step, "who had been in the kitchen and in the garden").Document);
        Assert.NotNull(Run(step, "Yes, indeed. Yes indeed!").Document);
        Assert.Equal(1, step.Index.TooShort);
    }

    [Fact]
    public void Items_are_read_from_any_field_of_json_lines_or_from_named_ones()
    {
        var file = _folder.Write("items.jsonl", """{"q": {"text": "one two three four five six"}, "choices": ["alpha beta gamma delta epsilon", "x"], "n": 3}""" + "\n\n");
        var all = new Decontaminate(new DecontaminateOptions { Files = [file] });
        Assert.Null(Run(all, "alpha beta gamma delta epsilon").Document);
        Assert.Null(Run(all, "one two three four five six").Document);
        var named = new Decontaminate(new DecontaminateOptions { Files = [file], Fields = ["q"] });
        Assert.NotNull(Run(named, "alpha beta gamma delta epsilon").Document);
        Assert.Null(Run(named, "one two three four five six").Document);
    }

    [Fact]
    public void Cutting_removes_the_passage_with_its_margin_and_nothing_else()
    {
        var before = string.Concat(Enumerable.Repeat("Kept words stand here. ", 20));
        var after = string.Concat(Enumerable.Repeat(" Others stand there.", 20));
        var result = Run(Step(with => with with { Mode = DecontaminationMode.Cut, Margin = 50 }, Long), before + Long + after);
        Assert.Equal(before[..^50] + "\n\n" + after[50..], result.Document!.Text);
        Assert.Equal(1, Assert.Single(result.Changes!).Count);
    }

    [Fact]
    public void Cuts_that_touch_are_one_and_too_many_cost_the_document()
    {
        var filler = string.Join(' ', Enumerable.Range(0, 100).Select(i => $"w{i}"));
        string Text(int items) => string.Concat(Enumerable.Repeat($"{filler} {Long} ", items)) + filler;
        var step = Step(with => with with { Mode = DecontaminationMode.Cut, Margin = 10, MaximumCuts = 2 }, Long);
        Assert.Equal(2, Run(step, Text(2)).Changes!.Sum(change => change.Count));
        Assert.Equal("holds too many evaluation items to cut out", Run(step, Text(3)).Reason);
        var wide = Step(with => with with { Mode = DecontaminationMode.Cut, Margin = 100_000 }, Long);
        Assert.Equal("holds little but evaluation items", Run(wide, Text(2)).Reason);
    }

    [Fact]
    public void Hits_are_written_with_document_item_and_passage()
    {
        var hits = _folder.At("hits.jsonl");
        var step = Step(with => with with { HitsFile = hits }, "first item of five words", Long);
        step.Begin()(new Document("doc-7", $"Here: {Long.ToUpperInvariant()}! And \uD800 \"first item, of five words\".", "web"));
        var lines = File.ReadAllLines(hits).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(["doc-7", "doc-7"], lines.Select(line => line.GetProperty("document").GetString()));
        Assert.Equal([2, 1], lines.Select(line => line.GetProperty("item").GetInt32()));
        Assert.Equal(Long.ToUpperInvariant(), lines[0].GetProperty("passage").GetString());
        Assert.Equal("first item, of five words", lines[1].GetProperty("passage").GetString());
    }

    [Fact]
    public void Planted_items_are_found_with_recall_and_precision_of_nearly_one()
    {
        var random = new Random(5);
        string Words(int count) => string.Join(' ', Enumerable.Range(0, count).Select(_ => $"{(char)('a' + random.Next(26))}{(char)('a' + random.Next(6))}"));
        var items = Enumerable.Range(0, 300).Select(i => Words(i % 2 == 0 ? 20 : 8)).ToArray();
        var step = Step(items).Begin();
        var (truePositives, falsePositives, planted) = (0, 0, 0);
        for (var i = 0; i < 600; i++)
        {
            var isPlanted = i % 2 == 0;
            var text = Words(100) + (isPlanted ? Disturbed(items[i / 2], random) : Words(20)) + Words(100);
            var hit = step(new Document($"{i}", text, "s")).Document is null;
            planted += isPlanted ? 1 : 0;
            truePositives += isPlanted && hit ? 1 : 0;
            falsePositives += !isPlanted && hit ? 1 : 0;
        }

        Assert.True(truePositives >= 0.99 * planted, $"recall {truePositives}/{planted}");
        Assert.True(truePositives >= 0.99 * (truePositives + falsePositives), $"precision {truePositives}/{truePositives + falsePositives}");
    }

    [SharedDataFact("data/eval/blimp.jsonl.gz")]
    public void Blimp_planted_in_books_is_found_and_books_alone_are_no_hit()
    {
        var step = new Decontaminate(new DecontaminateOptions { Files = [SharedData.At("data/eval/blimp.jsonl.gz")] });
        var items = EvaluationItems.Read(SharedData.At("data/eval/blimp.jsonl.gz")).Where(item => item.Text.Split(' ').Length >= 6).Where((_, i) => i % 97 == 0).Take(500).ToList();
        var random = new Random(3);
        var decide = step.Begin();
        var documents = new CorpusInput(SharedData.At("data/text/books.jsonl.gz")).Read(new ReaderOptions(), new CorpusReport()).Take(500).ToList();
        var found = items.Select((item, i) => documents[i % documents.Count].Text is var text
            ? decide(new Document("x", text[..Math.Min(3000, text.Length)] + "\n" + Disturbed(item.Text, random) + "\n" + text[..Math.Min(500, text.Length)], "s")).Document is null : false).Count(hit => hit);
        var wrong = documents.Count(document => decide(document).Document is null);
        Assert.True(found >= 0.98 * items.Count, $"recall {found}/{items.Count}");
        Assert.True(found >= 0.95 * (found + wrong), $"precision {found}/{found + wrong}");
    }

    [Fact]
    public void Hostile_texts_take_linear_time_and_bounded_memory()
    {
        var step = Step("first item of five words", Long).Begin();
        foreach (var text in new[] { new string('a', 5_000_000), new string('\n', 5_000_000), new string('\uD800', 1_000_000), new string('\0', 1_000_000), string.Concat(Enumerable.Repeat("a ", 2_000_000)), "" })
            Assert.NotNull(step(new Document("x", text, "s")).Document);
    }

    [Fact]
    public void Wrong_configurations_are_told()
    {
        Assert.Equal(ExitCode.Usage, Assert.Throws<CoppiceException>(() => new Decontaminate(new DecontaminateOptions { Files = [] })).ExitCode);
        Assert.Contains("5 words", Assert.Throws<CoppiceException>(() => Step("too short")).Message, StringComparison.Ordinal);
        var broken = _folder.Write("broken.jsonl", "{\"a\": \"one two three four five\"}\n[1]\n");
        Assert.Contains("line 2", Assert.Throws<CoppiceException>(() => new Decontaminate(new DecontaminateOptions { Files = [broken] })).Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => new Decontaminate(new DecontaminateOptions { Files = [_folder.At("missing.txt")] }));
        var file = _folder.Write("i.txt", Long);
        var options = new StepOptions("recipe", new Dictionary<string, IReadOnlyList<string>> { ["files"] = [file], ["mode"] = ["cut"], ["words"] = ["8"] });
        Assert.IsType<Decontaminate>(Assert.Single(DecontaminationSteps.All).Create(options));
    }

    private static string Disturbed(string item, Random random)
    {
        var text = new StringBuilder(" ");
        foreach (var word in item.Split(' '))
        {
            text.Append(random.Next(4) switch { 0 => word.ToUpperInvariant(), 1 => word + ",", 2 => "\"" + word + "\"", _ => word });
            text.Append(random.Next(3) switch { 0 => "\n", 1 => "  ", _ => " " });
        }

        return text.ToString();
    }

    private static StepResult Run(Decontaminate step, string text) => step.Begin()(new Document("d", text, "s"));

    private Decontaminate Step(params string[] items) => Step(options => options, items);

    private Decontaminate Step(Func<DecontaminateOptions, DecontaminateOptions> with, params string[] items) =>
        new(with(new DecontaminateOptions { Files = [_folder.Write("items.txt", string.Join('\n', items))] }));
}
