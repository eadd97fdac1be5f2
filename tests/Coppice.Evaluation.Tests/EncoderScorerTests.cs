using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Evaluation.Tests;

public sealed class EncoderScorerTests : IDisposable
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyz ";

    private static readonly Tokenizer Characters = CharacterTrainer.Train([Letters], ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]);

    private static readonly TokenSequence[] Documents =
    [
        .. TokenSequences.Of(
            [
                new Document("1", "the cat sat on the mat", "a"), new Document("2", "", "a"), new Document("3", string.Concat(Enumerable.Repeat("again and ", 9)), "b"),
                new Document("4", "w", "b"),
            ],
            Characters),
    ];

    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    [Theory]
    [InlineData("bert")]
    [InlineData("roberta")]
    [InlineData("electra")]
    public void A_document_scores_the_same_whatever_it_is_scored_with_and_in_whatever_batch(string name)
    {
        using var model = NewModel(name);
        using var scorer = new DocumentScorer(model, Characters);
        using var small = new DocumentScorer(model, Characters, batchTokens: 7);
        var scores = scorer.Score(Documents);
        Assert.Equal(Documents.Select(document => document.Bytes), scores.Select(score => score.Bytes));
        Assert.Equal([22, 0, 90, 1], scores.Select(score => score.Tokens));
        Assert.Equal(scores.Reverse().Select(score => score.Nats), small.Score(Documents.Reverse()).Select(score => score.Nats), (a, b) => Math.Abs(a - b) <= 1e-4 * (1 + a));
        Assert.Equal(0, scores[1].Nats);
        Assert.All(scores.Where(score => score.Tokens > 0), score => Assert.True(score.Nats > 0));
    }

    [Fact]
    public void An_encoder_decoder_is_asked_for_the_same_spans_in_whatever_batch()
    {
        var letters = CharacterTrainer.Train([Letters], ["<pad>", "</s>", "<extra_id_0>", "<extra_id_1>", "<extra_id_2>", "<extra_id_3>"]);
        var documents = TokenSequences.Of([new Document("1", "the cat sat on the mat", "a"), new Document("2", "w", "a"), new Document("3", string.Concat(Enumerable.Repeat("again and ", 9)), "b")], letters).ToList();
        using var model = TinyModels.Create("t5", _backend);
        using var scorer = new DocumentScorer(model, letters);
        using var small = new DocumentScorer(model, letters, batchTokens: 7);
        var scores = scorer.Score(documents);
        // Nothing can be taken out of one letter.
        Assert.Equal([22, 0, 90], scores.Select(score => score.Tokens));
        Assert.Equal(scores.Reverse().Select(score => score.Nats), small.Score(Enumerable.Reverse(documents)).Select(score => score.Nats), (a, b) => Math.Abs(a - b) <= 1e-4 * (1 + a));
        foreach (var parameter in model.Parameters.Parameters) parameter.Tensor.CopyFrom(new float[parameter.Count]);
        Assert.All(scorer.Score(documents), score => Assert.Equal(score.Tokens * Math.Log(model.Configuration.VocabularySize), score.Nats, 1e-3));
    }

    [Fact]
    public void A_model_that_always_says_the_same_gives_the_loss_of_saying_so()
    {
        using var model = NewModel("bert");
        foreach (var parameter in model.Parameters.Parameters) parameter.Tensor.CopyFrom(new float[parameter.Count]);
        using var scorer = new DocumentScorer(model, Characters);
        Assert.All(scorer.Score(Documents), score => Assert.Equal(score.Tokens * Math.Log(model.Configuration.VocabularySize), score.Nats, 1e-3));
    }

    [Fact]
    public void A_detector_that_never_suspects_pays_for_every_replaced_token()
    {
        using var model = NewModel("electra");
        foreach (var parameter in model.Parameters.Parameters) parameter.Tensor.CopyFrom(new float[parameter.Count]);
        model.Parameters["discriminator_predictions.dense_prediction.bias"].Tensor.CopyFrom([-20f]);
        using var scorer = new DocumentScorer(model, Characters);
        // 15 % of 22 tokens are 3, of 90 in windows of 24 are 4 + 4 + 4 + 3 (18 with the token around them), of 1 is 1.
        var nats = scorer.Score(Documents).Select(score => score.Nats / 20).ToList();
        Assert.Equal(3, nats[0], 1e-3);
        Assert.Equal(1, nats[3], 1e-3);
        Assert.InRange(nats[2], 13, 15);
    }

    [Fact]
    public void What_only_a_decoder_answers_is_refused()
    {
        using var model = NewModel("bert");
        Assert.Contains("is an encoder", Assert.Throws<CoppiceException>(() => new TextEvaluator(model, Characters)).Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => new MinimalPairEvaluator(model, Characters));
        Assert.Throws<CoppiceException>(() => new TokenScorer(model));
        Assert.Throws<ArgumentNullException>(() => new DocumentScorer(model));
        var plain = CharacterTrainer.Train([Letters]);
        Assert.Contains("[MASK]", Assert.Throws<CoppiceException>(() => new DocumentScorer(model, plain)).Message, StringComparison.Ordinal);
    }

    private LanguageModel NewModel(string name) => name == "electra"
        ? TinyModels.Create(
            new ElectraConfiguration { VocabularySize = 50, EmbeddingSize = 8, HiddenSize = 12, Layers = 1, Heads = 2, MaxPositions = 24, IntermediateSize = 16 }, _backend)
        : TinyModels.Create(name, _backend);
}
