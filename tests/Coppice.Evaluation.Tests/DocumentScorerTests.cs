using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models.Tests;
using Coppice.Tensors;

namespace Coppice.Evaluation.Tests;

public sealed class DocumentScorerTests : IDisposable
{
    private static readonly ByteTokenizer Letters = new();

    private static readonly Document[] Documents =
    [
        new("1", "QRSTUV", "a"), new("2", "", "b"), new("3", string.Concat(Enumerable.Repeat("PQrst", 20)), "b"), new("4", "abc", "a"), new("5", "w", "b"),
    ];

    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    public void Documents_one_by_one_sum_up_to_the_evaluation_of_the_text(string name)
    {
        using var model = TinyModels.Create(name, _backend);
        using var scorer = new DocumentScorer(model);
        using var evaluator = new TextEvaluator(model, Letters);
        var scores = scorer.Score(TokenSequences.Of(Documents, Letters));
        Assert.Equal(Documents.Length, scores.Count);
        Assert.Equal(evaluator.Evaluate([Documents[2]]).Total.Loss, scores[2].Nats / scores[2].Tokens, 1e-5);
        var (expected, actual) = (evaluator.Evaluate(Documents), TextEvaluation.Of(scores));
        Assert.Equal(expected.Sources.Keys, actual.Sources.Keys);
        Assert.Equal(expected.Total.BitsPerByte, actual.Total.BitsPerByte, 1e-12);
        Assert.Equal(expected.Sources["b"] with { Nats = 0 }, actual.Sources["b"] with { Nats = 0 });
    }

    [Fact]
    public void A_store_gives_the_same_scores_as_its_documents()
    {
        using var store = TokenStore.InMemory(Documents, Letters);
        using var model = TinyModels.Create("llama", _backend);
        using var scorer = new DocumentScorer(model);
        Assert.Equal(scorer.Score(TokenSequences.Of(Documents, Letters)), scorer.Score(TokenSequences.Of(store, Letters)));
    }

    [Fact]
    public void A_limit_takes_documents_from_all_over_each_source_and_the_same_ones_every_time()
    {
        var documents = Enumerable.Range(0, 100).Select(i => new Document("", new string((char)('P' + i % 30), 8), i < 60 ? "a" : "b"));
        using var store = TokenStore.InMemory(documents, Letters);
        var taken = TokenSequences.Of(store, Letters, tokensPerSource: 75).ToList();
        foreach (var source in new[] { "a", "b" })
        {
            // Ten tokens a document, the special ones included.
            var tokens = taken.Where(sequence => sequence.Source == source).ToList();
            Assert.Equal(8, tokens.Count);
            Assert.Equal((9, 8), (tokens[0].Tokens.Length, tokens[0].Bytes));
            Assert.Equal((5, 4), (tokens[^1].Tokens.Length, tokens[^1].Bytes));
        }

        Assert.Equal((char)('P' + 56 % 30), Letters.Decode(taken[7].Tokens.Span)[0]);
        Assert.Equal(taken.Select(sequence => Letters.Decode(sequence.Tokens.Span)), TokenSequences.Of(store, Letters, 75).Select(sequence => Letters.Decode(sequence.Tokens.Span)));
        Assert.Equal(100, TokenSequences.Of(store, Letters, 600).Count());
    }

    [Fact]
    public void A_store_of_another_tokenizer_is_refused_and_work_can_be_ended()
    {
        using var store = TokenStore.InMemory(Documents, new OtherTokenizer());
        Assert.Throws<CoppiceException>(() => TokenSequences.Of(store, Letters));
        using var model = TinyModels.Create("llama", _backend);
        using var scorer = new DocumentScorer(model);
        var expected = scorer.Score(TokenSequences.Of(Documents, Letters));
        Assert.Throws<OperationCanceledException>(() => scorer.Score(TokenSequences.Of(Documents, Letters), new CancellationToken(canceled: true)));
        Assert.Equal(expected, scorer.Score(TokenSequences.Of(Documents, Letters)));
    }

    private sealed class OtherTokenizer : Tokenizers.ITokenizer
    {
        public int VocabularySize => 50;

        public int? BeginOfText => null;

        public int? EndOfText => null;

        public string Fingerprint => "other";

        public void Encode(ReadOnlySpan<char> text, List<int> ids) => Letters.Encode(text, ids);

        public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true) => Letters.Decode(ids);
    }
}
