using Coppice.Corpus;
using Coppice.Corpus.Selection;
using Coppice.Models.Tests;
using Coppice.Tensors;

namespace Coppice.Evaluation.Tests;

public sealed class ModelLossScorerTests
{
    private static readonly ByteTokenizer Letters = new();

    [Fact]
    public void Losses_are_by_byte_and_differences_of_a_model_with_itself_are_nothing()
    {
        Document[] documents = [new("1", "QRSTUV", "a"), new("2", "PQrst", "b"), new("3", "abc", "a")];
        using var backend = Backends.Create(threads: 2);
        using var model = TinyModels.Create("llama", backend);
        using var other = TinyModels.Create("gpt2", backend);
        using var store = TokenStore.InMemory(documents, Letters);
        using var scorer = new DocumentScorer(model);
        var expected = scorer.Score(TokenSequences.Of(documents, Letters)).Select(score => score.Nats / score.Bytes);
        var (one, two) = (new ModelLossScorer(model, Letters), new ModelLossScorer(other, Letters));
        Assert.Equal(expected, one.Score(store));
        Assert.All(new DifferenceScorer(one, one).Score(store), difference => Assert.Equal(0, difference));
        Assert.Equal(new DifferenceScorer(one, two).Score(store), new DifferenceScorer(two, one).Score(store).Select(difference => -difference));
    }
}
