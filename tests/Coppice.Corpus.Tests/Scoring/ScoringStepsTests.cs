using System.Buffers;
using Coppice.Corpus.Scoring;
using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Corpus.Tests.Scoring;

public class ScoringStepsTests
{
    private static string Good(int i) => $"The {Word(i)} ship sailed over the {Word(i + 1)} sea, and after {i} days the {Word(i + 2)} crew saw land. They went ashore and slept in the {Word(i + 3)} grass.";

    private static string Bad(int i) => $"Buy {Word(i)} pills now! Best {Word(i + 1)} price, click here, free shipping today, buy {Word(i + 2)} pills online, click here now, {i} offers, best price.";

    private static string Word(int i) => new[] { "red", "blue", "green", "small", "old", "new", "cheap" }[i % 7];

    private static StepOptions Options(params (string Key, string[] Values)[] values) =>
        new("recipe", values.ToDictionary(value => value.Key, value => (IReadOnlyList<string>)value.Values));

    private static string Write(TemporaryFolder folder, string name, IEnumerable<string> texts, string? language = null) =>
        folder.Write(name, string.Join('\n', texts.Select(text => System.Text.Json.JsonSerializer.Serialize(language is null ? new Dictionary<string, string> { ["text"] = text } : new Dictionary<string, string> { ["text"] = text, ["language"] = language }))));

    private static object Create(string name, params (string, string[])[] values) => ScoringSteps.All.Single(step => step.Name == name).Create(Options(values));

    [Fact]
    public void A_classifier_trained_in_a_recipe_scores_and_drops()
    {
        using var folder = new TemporaryFolder();
        var (good, bad) = (Write(folder, "good.jsonl", Enumerable.Range(0, 100).Select(Good)), Write(folder, "bad.jsonl", Enumerable.Range(0, 100).Select(Bad)));
        var judge = Assert.IsType<ClassifierStep>(Create("classifier", ("positive", [good]), ("negative", [bad]))).Begin();
        var kept = judge(new Document("1", Good(500), "x"));
        Assert.InRange(kept.Document!.Score!.Value, 0.5, 1);
        var dropped = judge(new Document("2", Bad(500), "x"));
        Assert.Equal("classifier score too low", dropped.Reason);
        Assert.Equal(0.5, dropped.Measured!.Value.Threshold);

        var onlyScores = Assert.IsType<ClassifierStep>(Create("classifier", ("positive", [good]), ("negative", [bad]), ("min_score", ["off"]))).Begin();
        Assert.InRange(onlyScores(new Document("2", Bad(500), "x")).Document!.Score!.Value, 0, 0.5);
        Assert.Throws<CoppiceException>(() => Create("classifier"));
        Assert.Throws<CoppiceException>(() => Create("classifier", ("positive", [good]), ("negative", [bad]), ("model", [good])));
    }

    [Fact]
    public void Perplexity_is_the_score_and_may_be_bounded()
    {
        using var folder = new TemporaryFolder();
        var good = Write(folder, "good.jsonl", Enumerable.Range(0, 100).Select(Good));
        var model = TextNgramModel.Train(Enumerable.Range(0, 100).Select(Good));
        var judge = Assert.IsType<PerplexityStep>(Create("perplexity", ("reference", [good]), ("max", ["100"]))).Begin();
        Assert.Equal(model.Score(Good(500)).Perplexity, judge(new Document("1", Good(500), "x")).Document!.Score);
        Assert.Equal("perplexity too high", judge(new Document("2", Bad(500), "x")).Reason);
        Assert.Throws<CoppiceException>(() => Create("perplexity"));
    }

    [Fact]
    public void What_a_model_of_unwanted_text_does_not_find_surprising_is_dropped()
    {
        using var folder = new TemporaryFolder();
        var bad = Write(folder, "bad.jsonl", Enumerable.Range(0, 200).Select(Bad));
        var judge = Assert.IsType<InvertedPerplexity>(Create("inverted-perplexity", ("unwanted", [bad]))).Begin();
        Assert.True(Enumerable.Range(300, 100).Count(i => judge(new Document("1", Bad(i), "x")).Reason == "like unwanted text") >= 85);
        Assert.All(Enumerable.Range(300, 100), i => Assert.NotNull(judge(new Document("1", Good(i), "x")).Document));
        Assert.NotNull(judge(new Document("1", "Buy red pills now!", "x")).Document);

        var few = Write(folder, "few.jsonl", Enumerable.Range(0, 50).Select(Bad));
        var step = (InvertedPerplexity)Create("inverted-perplexity", ("unwanted", [few]));
        Assert.Contains("too few", Assert.Throws<CoppiceException>(() => step.Begin()).Message, StringComparison.Ordinal);
        Assert.NotNull(((InvertedPerplexity)Create("inverted-perplexity", ("unwanted", [few]), ("min_perplexity", ["1"]))).Begin()(new Document("1", Bad(7), "x")).Document);
    }

    [Fact]
    public void Buckets_are_of_each_language_by_its_percentiles_and_of_the_new_documents()
    {
        using var folder = new TemporaryFolder();
        var english = Write(folder, "en.jsonl", Enumerable.Range(0, 50).Select(Good), "en");
        var step = Assert.IsType<PerplexityBuckets>(Create("perplexity-buckets", ("reference", [english]), ("keep", ["head", "tail"])));
        // From ordinary to strange; German has no model.
        Document[] documents =
        [
            .. Enumerable.Range(0, 10).Select(i => new Document($"{i}", Good(i + 300) + string.Concat(Enumerable.Repeat(" zxqv", i)), "x") { Language = "en" }),
            new("de", "Das Schiff fuhr über das Meer.", "x") { Language = "de" },
        ];
        var corpus = new SketchedList(step, documents, earlier: 2);
        var decisions = new RecordedDecisions();
        step.Decide(corpus, decisions, CancellationToken.None);
        Assert.Equal([3L, 4, 5], decisions.Dropped.Keys.Order());
        Assert.All(decisions.Dropped.Values, reason => Assert.Equal("in the middle by perplexity", reason));
        Assert.Equal([2L, 6, 7, 8, 9], decisions.Edited.Keys.Order());
        var score = step.Apply(documents[6], decisions.Edited[6]).Document!.Score;
        Assert.Equal(TextNgramModel.Train(Enumerable.Range(0, 50).Select(Good)).Score(documents[6].Text).Perplexity, score);
    }

    [Fact]
    public void Sketches_are_of_the_content_of_the_reference_and_misspelt_buckets_are_named()
    {
        using var folder = new TemporaryFolder();
        var (one, same, other) = (Write(folder, "1.jsonl", [Good(1)]), Write(folder, "2.jsonl", [Good(1)]), Write(folder, "3.jsonl", [Good(2)]));
        string Version(string path) => ((PerplexityBuckets)Create("perplexity-buckets", ("reference", [path]))).SketchVersion;
        Assert.Equal(Version(one), Version(same));
        Assert.NotEqual(Version(one), Version(other));
        Assert.Contains("'head'", Assert.Throws<CoppiceException>(() => Create("perplexity-buckets", ("reference", [one]), ("keep", ["haed"]))).Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => Create("perplexity-buckets", ("reference", [one]), ("head", ["0.9"])));
    }

    [Fact]
    public void Every_step_can_be_described()
    {
        Assert.Equal(["classifier", "perplexity", "perplexity-buckets", "inverted-perplexity"], ScoringSteps.All.Select(step => step.Name));
        Assert.All(ScoringSteps.All, step => Assert.True(step.Describe().Options.Count > 2));
    }

    private sealed class SketchedList(ICorpusStep step, Document[] documents, int earlier) : ISketchedCorpus
    {
        private readonly ReadOnlyMemory<byte>[] _sketches = Sketch(step, documents);

        public long Count => documents.Length;

        public IEnumerable<SketchedDocument> Documents => documents.Select((document, i) =>
            new SketchedDocument(i, i < earlier, document.Text.Length, document.Date, document.Score, _sketches[i]));

        public string WorkFolder => throw new NotSupportedException();

        public long MemoryBudget => 1 << 20;

        public Document? Load(long index) => documents[index];

        private static ReadOnlyMemory<byte>[] Sketch(ICorpusStep step, Document[] documents)
        {
            var sketch = step.BeginSketching();
            return [.. documents.Select(document =>
            {
                var buffer = new ArrayBufferWriter<byte>();
                sketch(document, buffer);
                return buffer.WrittenMemory;
            })];
        }
    }

    private sealed class RecordedDecisions : IDecisions
    {
        public Dictionary<long, string> Dropped { get; } = [];

        public Dictionary<long, byte[]> Edited { get; } = [];

        public void Drop(long index, string reason, Measurement? measured = null, long? because = null) => Dropped.Add(index, reason);

        public void StandsFor(long index, long copies) => throw new NotSupportedException();

        public void Weigh(long index, double weight) => throw new NotSupportedException();

        public void Edit(long index, ReadOnlySpan<byte> edit) => Edited.Add(index, edit.ToArray());
    }
}
