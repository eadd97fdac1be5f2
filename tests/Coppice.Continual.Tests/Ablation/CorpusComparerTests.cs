using Coppice.Continual.Ablation;
using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Continual.Tests.Ablation;

public sealed class CorpusComparerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    [Trait("Category", "Slow")]
    public void Clean_text_beats_the_same_text_with_junk_whichever_side_it_is_on()
    {
        var random = new Random(1);
        var clean = Corpus("clean.jsonl", random, junk: 0);
        var dirty = Corpus("dirty.jsonl", random, junk: 0.3);
        var held = Write("held.jsonl", Enumerable.Range(0, 60).Select(_ => Text(random)));
        foreach (var (a, b, better) in new[] { (clean, dirty, CorpusVerdict.A), (dirty, clean, CorpusVerdict.B) })
        {
            var result = CorpusComparer.Run(Request(a, b, held) with { Tokens = 65_536 }, CancellationToken.None);
            Assert.Equal(better, result.Texts[0].Better);
        }
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void A_corpus_is_no_better_than_itself_and_documents_that_are_in_it_are_not_measured_on()
    {
        var random = new Random(1);
        var corpus = Corpus("corpus.jsonl", random, junk: 0);
        var known = File.ReadLines(corpus).First();
        var held = _folder.Write("held.jsonl", known + "\n" + string.Join('\n', Enumerable.Range(0, 20).Select(_ => Json(Text(random)))));
        var notices = new List<string>();
        var result = CorpusComparer.Run(Request(corpus, corpus, held) with { Tokens = 8192, Seeds = 2, Notice = notices.Add }, CancellationToken.None);
        Assert.Equal(0, result.Texts[0].ChangePercent);
        Assert.Equal(CorpusVerdict.Undecided, result.Texts[0].Better);
        Assert.Equal(20, result.Texts[0].Passages);
        Assert.Contains(notices, notice => notice.StartsWith("1 of 21", StringComparison.Ordinal));
        Assert.InRange(result.Parameters, 400_000, 1_000_000);
    }

    [Fact]
    public void What_is_missing_is_told()
    {
        var random = new Random(1);
        var corpus = Corpus("corpus.jsonl", random, junk: 0);
        Assert.Equal(ExitCode.Usage, Assert.Throws<CoppiceException>(() => CorpusComparer.Run(Request(corpus, corpus) with { }, CancellationToken.None)).ExitCode);
        Assert.Throws<CoppiceException>(() => CorpusComparer.Run(Request(corpus, _folder.At("nowhere"), corpus), CancellationToken.None));
        Assert.Throws<CoppiceException>(() => CorpusComparer.Run(Request(corpus, corpus, corpus) with { Seeds = 21 }, CancellationToken.None));
        Assert.Contains("no text to measure", Assert.Throws<CoppiceException>(() => CorpusComparer.Run(Request(corpus, corpus, corpus), CancellationToken.None)).Message, StringComparison.Ordinal);
    }

    private static CorpusComparisonRequest Request(string a, string b, params string[] evaluations) => new() { A = [a], B = [b], Evaluations = evaluations };

    private string Corpus(string name, Random random, double junk) => Write(name, Enumerable.Range(0, 400).Select(_ => random.NextDouble() < junk ? Junk(random) : Text(random)));

    private string Write(string name, IEnumerable<string> texts) => _folder.Write(name, string.Join('\n', texts.Select(Json)));

    private static string Json(string text) => $$"""{"text": {{System.Text.Json.JsonSerializer.Serialize(text)}}}""";

    private static string Text(Random random)
    {
        string[] subjects = ["The king", "A shepherd", "My neighbour", "The old sailor", "Nobody", "Her sister", "Every child"];
        string[] verbs = ["counted", "painted", "lost", "sold", "remembered", "carried home"];
        string[] objects = ["the sheep", "a silver ring", "seven apples", "the last letter", "every road", "an open boat"];
        string[] ends = ["before dawn", "without a word", "in the old harbour", "for two days"];
        return string.Join(' ', Enumerable.Range(0, 12).Select(_ => $"{Of(subjects)} {Of(verbs)} {Of(objects)} {Of(ends)}."));

        string Of(string[] words) => words[random.Next(words.Length)];
    }

    private static string Junk(Random random) => string.Join(' ', Enumerable.Range(0, 150).Select(_ => new string([.. Enumerable.Range(0, 5).Select(_ => (char)('a' + random.Next(26)))])));
}
