using Coppice.Corpus.Selection;
using Coppice.Testing;
using Xunit;

namespace Coppice.Corpus.Tests.Selection;

public sealed class QualityPruningTests : IDisposable
{
    private const string Good = "The old captain sailed to the harbour with his crew before dawn.";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Good, "")]
    [InlineData("the old captain sailed to the harbour with his crew.", "begins with a capital")]
    [InlineData("THE OLD CAPTAIN SAILED TO THE HARBOUR WITH HIS CREW.", "not all capitals")]
    [InlineData("The old old old old captain captain captain sailed to harbour of home.", "few repeated words")]
    [InlineData("The 12 to 14 (15) of 16, 17, 18.", "few digits and punctuation")]
    [InlineData("The old captain { sailed to the harbour with his crew.", "no curly bracket")]
    [InlineData("The old captain sailed to the harbour with his crew", "ends a sentence")]
    [InlineData("Lorem ipsum fills the page to the end of a line.", "no javascript or lorem ipsum")]
    public void A_line_fails_the_heuristic_that_it_breaks_and_no_other(string line, string broken)
    {
        var (passed, _) = new LineHeuristics().Judge(line);
        Assert.Equal(broken, string.Join(", ", LineHeuristics.Names.Where((_, i) => (passed >> i & 1) == 0)));
    }

    [Fact]
    public void Short_lines_and_empty_ones()
    {
        var (passed, words) = new LineHeuristics().Judge("Read more");
        Assert.Equal(2, words);
        Assert.Equal(
            ["ends a sentence", "two stop words", "more than 3 tokens", "4 to 255 words", "a determiner"],
            LineHeuristics.Names.Where((_, i) => (passed >> i & 1) == 0));
        Assert.Equal((0, 0), new LineHeuristics().Judge(" \t "));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Documents_of_boilerplate_are_dropped_first_and_empty_lines_change_nothing(bool withModel)
    {
        var random = new Random(1);
        List<Document> documents = [.. Enumerable.Range(0, 200).Select(i => new Document($"{(i % 2 == 0 ? "good" : "junk")}{i}", string.Join('\n', Enumerable.Range(0, 10).Select(_ => i % 2 == 0 ? Sentence(random) : Junk(random))), "s"))];
        var options = new QualityPruningOptions { Share = 0.4, Measured = 1, Reference = withModel ? [_folder.Write("good.txt", string.Join('\n', Enumerable.Range(0, 500).Select(_ => Sentence(random))))] : [] };
        var step = new QualityPruning(options);
        var kept = StepRunner.Kept(step, documents);
        Assert.All(kept, document => Assert.StartsWith("good", document.Id, StringComparison.Ordinal));
        var spaced = documents.Select(document => document with { Text = document.Text.Replace("\n", "\n\n", StringComparison.Ordinal) }).ToList();
        Assert.Equal(Scores(step, documents), Scores(step, spaced));

        static IEnumerable<double> Scores(QualityPruning step, List<Document> documents) => StepRunner.Run(step, documents).Dropped.OrderBy(drop => drop.Key).Select(drop => Math.Round(drop.Value.Measured!.Value.Value, 9)).Take(50);
    }

    [Fact]
    public void A_heuristic_that_says_nothing_about_the_text_gets_no_weight()
    {
        // All good lines lack a capital here and all junk has one: with a model, a capital counts nothing.
        var random = new Random(1);
        string Good(int _) => Sentence(random)[..1].ToLowerInvariant() + Sentence(random)[1..];
        var reference = _folder.Write("good.txt", string.Join('\n', Enumerable.Range(0, 500).Select(Good)));
        List<Document> documents = [.. Enumerable.Range(0, 100).Select(i => new Document($"g{i}", string.Join('\n', Enumerable.Range(0, 5).Select(Good)), "s"))];
        documents.AddRange(Enumerable.Range(0, 100).Select(i => new Document($"j{i}", string.Join('\n', Enumerable.Range(0, 5).Select(_ => "X" + Junk(random))), "s")));
        var decisions = StepRunner.Run(new QualityPruning(new QualityPruningOptions { Share = 0.3, Measured = 1, Reference = [reference] }), documents);
        Assert.All(documents.Where((_, i) => !decisions.Dropped.ContainsKey(i)), document => Assert.StartsWith("g", document.Id, StringComparison.Ordinal));
        // Good documents pass everything that has a weight.
        Assert.Equal(1, decisions.Dropped.Where(drop => drop.Key < 100).Max(drop => drop.Value.Measured!.Value.Value), 1e-9);
    }

    private static string Sentence(Random random)
    {
        string[] subjects = ["The captain", "A shepherd", "My neighbour", "The sailor"];
        string[] objects = ["the sheep", "a silver ring", "seven apples", "that letter"];
        return $"{subjects[random.Next(4)]} went to look for {objects[random.Next(4)]} and that of the mayor.";
    }

    private static string Junk(Random random) => $"{random.Next(9999)} | {random.Next(99)} > login";
}
