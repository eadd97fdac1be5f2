using System.Text;
using System.Text.Json;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;

namespace Coppice.Evaluation.Tests;

public sealed class TextEvaluatorTests : IDisposable
{
    private const string Story =
        "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. She wanted to play with it, but it was too high.\n";

    private static readonly JsonSerializerOptions SnakeCase = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly Backend _backend = Backends.Create(threads: 2);

    private static readonly Document[] Documents =
    [
        new("1", "A text.\n", "a"), new("2", "Ünïcode ", "b"), new("3", "", "a"), new("4", string.Concat(Enumerable.Repeat("a long text that needs windows ", 5)), "b"),
        new("5", "x", "c"), new("6", "  spaces stay  ", "a"),
    ];

    public void Dispose() => _backend.Dispose();

    [SharedDataFact("models/stories260k")]
    public void The_loss_of_a_real_model_is_the_one_computed_elsewhere()
    {
        var directory = SharedData.At("models/stories260k");
        using var model = ModelDirectory.Load(directory, _backend);
        using var evaluator = new TextEvaluator(model, Tokenizer.Load(directory));
        var score = evaluator.Evaluate([new Document("story", Story, "stories")]).Total;
        Assert.InRange(score.Loss, 0.402094 - 0.0002, 0.402094 + 0.0002);
        Assert.Equal(Story.Length, score.Bytes);
        Assert.Equal(score.Loss * score.Tokens / (Story.Length * Math.Log(2)), score.BitsPerByte, 12);
    }

    [Theory]
    [MemberData(nameof(TinyModels.All), MemberType = typeof(TinyModels))]
    public void Every_token_is_counted_once_with_the_context_of_its_window(string name)
    {
        using var model = TinyModels.Create(name, _backend, positions: 24);
        using var evaluator = new TextEvaluator(model, new ByteTokenizer());
        var result = evaluator.Evaluate(Documents);
        var (nats, tokens) = (0.0, 0);
        foreach (var document in Documents)
        {
            var ids = Encode(document.Text, 1);
            tokens += ids.Count - 1;
            nats += SlowNats(model, ids, window: 24);
        }

        Assert.Equal(tokens, result.Total.Tokens);
        Assert.Equal(Documents.Sum(d => Encoding.UTF8.GetByteCount(d.Text)), result.Total.Bytes);
        Assert.Equal(6, result.Total.Documents);
        Assert.Equal(nats / tokens, result.Total.Loss, 1e-5);
        Assert.Equal(Math.Exp(result.Total.Loss), result.Total.Perplexity, 9);
        Assert.Equal(["a", "b", "c"], result.Sources.Keys);
        Assert.Equal(tokens, result.Sources.Values.Sum(s => s.Tokens));
        Assert.Equal(SlowNats(model, Encode("x", 1), 24), result.Sources["c"].Loss, 1e-5);
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("mistral")]
    public void Packing_changes_no_result(string name)
    {
        using var model = TinyModels.Create(name, _backend);
        var results = new[] { 1, 30, 100, 4096 }.Select(batchTokens =>
        {
            using var evaluator = new TextEvaluator(model, new ByteTokenizer(), batchTokens);
            return evaluator.Evaluate(Documents);
        }).ToList();
        foreach (var result in results)
        {
            Assert.Equal(results[0].Total.Loss, result.Total.Loss, 1e-6);
            foreach (var (source, score) in result.Sources) Assert.Equal(results[0].Sources[source].Loss, score.Loss, 1e-6);
        }
    }

    [Fact]
    public void Without_a_begin_of_text_token_the_first_token_is_not_counted_but_its_bytes_are()
    {
        using var model = TinyModels.Create("llama", _backend);
        using var evaluator = new TextEvaluator(model, new ByteTokenizer(begin: null));
        var score = evaluator.Evaluate([new Document("1", "abc", "a"), new Document("2", "x", "b")]);
        Assert.Equal((2, 4), (score.Total.Tokens, score.Total.Bytes));
        Assert.Equal(SlowNats(model, [.. Encode("abc", null)], 24) / 2, score.Total.Loss, 1e-5);
        Assert.True(double.IsNaN(score.Sources["b"].Loss));
        Assert.Contains("\"NaN\"", JsonSerializer.Serialize(score, SnakeCase), StringComparison.Ordinal);
    }

    [Fact]
    public void Results_are_the_same_on_every_use_and_after_an_error()
    {
        using var model = TinyModels.Create("gpt2", _backend);
        using var evaluator = new TextEvaluator(model, new ByteTokenizer());
        var first = evaluator.Evaluate(Documents);
        Assert.Throws<InvalidOperationException>(() => evaluator.Evaluate(Documents.Concat(Failing())));
        Assert.Equal(first.Total, evaluator.Evaluate(Documents).Total);

        static IEnumerable<Document> Failing() => Enumerable.Range(0, 1).Select<int, Document>(_ => throw new InvalidOperationException());
    }

    [Fact]
    public void What_can_not_be_evaluated_is_one_line_for_the_user()
    {
        using var model = TinyModels.Create("llama", _backend);
        using var evaluator = new TextEvaluator(model, new ByteTokenizer());
        Assert.Throws<CoppiceException>(() => evaluator.Evaluate([]));
        Assert.Throws<CoppiceException>(() => evaluator.Evaluate([new Document("1", "", "a")]));
        using var smaller = TinyModels.Create("llama", _backend, vocabulary: 30);
        using var mismatched = new TextEvaluator(smaller, new ByteTokenizer());
        var error = Assert.Throws<CoppiceException>(() => mismatched.Evaluate(Documents));
        Assert.Contains("vocabulary", error.Message, StringComparison.Ordinal);
        model.Parameters["model.norm.weight"].Tensor.CopyFrom(Enumerable.Repeat(float.NaN, 12).ToArray());
        error = Assert.Throws<CoppiceException>(() => evaluator.Evaluate(Documents));
        Assert.Contains("finite", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Results_are_snake_case_JSON()
    {
        var json = JsonSerializer.Serialize(new TextEvaluation(new TextScore(1, 2, 3, 4), new Dictionary<string, TextScore> { ["The source"] = new(1, 2, 3, 4) }), SnakeCase);
        using var parsed = JsonDocument.Parse(json);
        Assert.Equal(2, parsed.RootElement.GetProperty("total").GetProperty("loss").GetDouble());
        Assert.Equal(4 / (3 * Math.Log(2)), parsed.RootElement.GetProperty("sources").GetProperty("The source").GetProperty("bits_per_byte").GetDouble(), 12);
    }

    private static List<int> Encode(string text, int? begin)
    {
        var ids = new List<int>();
        if (begin is { } id) ids.Add(id);
        new ByteTokenizer().Encode(text, ids);
        return ids;
    }

    /// <summary>-log p of all tokens but the first: each window alone, from its logits, in double precision.</summary>
    private static double SlowNats(LanguageModel model, List<int> ids, int window)
    {
        var nats = 0.0;
        for (var start = 0; start < ids.Count - 1; start += window)
        {
            var inputs = ids.GetRange(start, Math.Min(window, ids.Count - 1 - start)).ToArray();
            var logits = TinyModels.Logits(model, inputs);
            for (var i = 0; i < inputs.Length; i++)
            {
                var row = logits.AsSpan(i * 50, 50).ToArray();
                nats += Math.Log(row.Sum(x => Math.Exp(x))) - row[ids[start + i + 1]];
            }
        }

        return nats;
    }
}
