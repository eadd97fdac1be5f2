using System.IO.Compression;
using System.Text;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;

namespace Coppice.Evaluation.Tests;

public sealed class MinimalPairTests : IDisposable
{
    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(4096)]
    public void A_pair_is_correct_where_the_good_sentence_is_more_probable(int batchTokens)
    {
        using var model = TinyModels.Create("llama", _backend);
        using var texts = new TextEvaluator(model, new ByteTokenizer());
        using var evaluator = new MinimalPairEvaluator(model, new ByteTokenizer(), batchTokens);
        var pairs = Enumerable.Range(0, 40).Select(i => new MinimalPair($"the {i} cats sit", $"{i} teh cats sit", $"set {i % 4}", $"phenomenon {i % 2}")).ToList();
        var expected = pairs.Select(p => Nats(p.Good) < Nats(p.Bad)).ToList();
        var result = evaluator.Evaluate(pairs);
        Assert.Equal(new MinimalPairScore(40, expected.Count(c => c)), result.Total);
        Assert.InRange(result.Total.Correct, 1, 39);
        Assert.Equal(["phenomenon 0", "phenomenon 1"], result.Phenomena.Keys);
        Assert.Equal(["set 0", "set 1", "set 2", "set 3"], result.Uids.Keys);
        Assert.Equal(new MinimalPairScore(10, expected.Where((c, i) => c && i % 4 == 3).Count()), result.Uids["set 3"]);

        double Nats(string text) => texts.Evaluate([new Corpus.Document("", text, "")]).Total.Nats;
    }

    [Fact]
    public void Equal_sentences_are_not_correct_and_pairs_without_a_set_are_in_the_total_only()
    {
        using var model = TinyModels.Create("gpt2", _backend);
        using var evaluator = new MinimalPairEvaluator(model, new ByteTokenizer());
        var result = evaluator.Evaluate([new MinimalPair("same", "same")]);
        Assert.Equal(new MinimalPairScore(1, 0), result.Total);
        Assert.Empty(result.Uids);
        Assert.Empty(result.Phenomena);
        Assert.Throws<CoppiceException>(() => evaluator.Evaluate([]));
    }

    [Fact]
    public void The_standard_error_is_that_of_a_proportion()
    {
        var score = new MinimalPairScore(400, 300);
        Assert.Equal(0.75, score.Accuracy);
        Assert.Equal(Math.Sqrt(0.75 * 0.25 / 400), score.StandardError, 15);
    }

    [Theory]
    [InlineData("pairs.jsonl")]
    [InlineData("pairs.jsonl.gz")]
    public void Pairs_are_read_from_JSON_lines_compressed_or_not(string name)
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, name, "{\"good\": \"Grüße\", \"bad\": \"b\", \"uid\": \"u\", \"other\": 1}\r\n\n{\"bad\": \"d\", \"good\": \"c\", \"phenomenon\": \"p\"}");
        Assert.Equal([new MinimalPair("Grüße", "b", "u"), new MinimalPair("c", "d", null, "p")], MinimalPair.Read(path));
    }

    [Theory]
    [InlineData("{\"good\": \"a\"}", "line 2: has no text in 'bad'")]
    [InlineData("{\"good\": 1, \"bad\": \"b\"}", "line 2: has no text in 'good'")]
    [InlineData("{\"good\": \"a\", \"bad\": \"b", "line 2: is no JSON object")]
    [InlineData("[1]", "line 2: is no JSON object")]
    [InlineData("{\"good\": \"\\ud800\", \"bad\": \"b\"}", "line 2: is no JSON object")]
    [InlineData("{\"good\": \"\u0001\", \"bad\": \"b\"}", "line 2: is no JSON object")]
    public void A_line_that_is_no_pair_is_refused_with_its_number(string line, string message)
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, "pairs.jsonl", "{\"good\": \"a\", \"bad\": \"b\"}\n" + line + "\n");
        var error = Assert.Throws<CoppiceException>(() => MinimalPair.Read(path));
        Assert.EndsWith(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_missing_empty_or_damaged_is_one_line_for_the_user()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<CoppiceException>(() => MinimalPair.Read(folder.At("missing.jsonl")));
        Assert.Throws<CoppiceException>(() => MinimalPair.Read(folder.Write("empty.jsonl", "\n")));
        Assert.Throws<CoppiceException>(() => MinimalPair.Read(folder.Write("no.jsonl.gz", "no gzip")));
        var long_ = folder.Write("long.jsonl", new string('x', (1 << 20) + 1));
        Assert.Contains("longer than", Assert.Throws<CoppiceException>(() => MinimalPair.Read(long_)).Message, StringComparison.Ordinal);
    }

    [SharedDataFact("data/eval/blimp.jsonl.gz")]
    public void A_model_of_stories_prefers_acceptable_sentences_more_often_than_not()
    {
        var directory = SharedData.At("models/stories260k");
        var pairs = MinimalPair.Read(SharedData.At("data/eval/blimp.jsonl.gz"));
        Assert.Equal(67000, pairs.Count);
        using var model = ModelDirectory.Load(directory, _backend);
        using var evaluator = new MinimalPairEvaluator(model, Tokenizer.Load(directory));
        var result = evaluator.Evaluate([.. pairs.Where((_, i) => i % 20 == 0)]);
        Assert.Equal(67, result.Uids.Count);
        // A small model knows little of most phenomena, but more than nothing of all together.
        Assert.InRange(result.Total.Accuracy, 0.5 + 3 * result.Total.StandardError, 0.75);
    }

    private static string Write(TemporaryFolder folder, string name, string text)
    {
        var path = folder.At(name);
        using var file = File.Create(path);
        using var stream = name.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Compress) : (Stream)file;
        stream.Write(Encoding.UTF8.GetBytes(text));
        return path;
    }
}
