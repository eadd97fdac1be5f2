using Coppice.Continual.Replay;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Testing;
using Coppice.Tokenizers.Training;

namespace Coppice.Continual.Tests.Replay;

public sealed class QualitySubsetTests
{
    [Fact]
    public void The_least_surprising_documents_are_taken_until_they_hold_the_share()
    {
        double[] scores = [3, 1, double.PositiveInfinity, 2, 1, 9];
        long[] tokens = [10, 10, 0, 10, 10, 60];
        Assert.Equal([1], QualitySubset.Select(scores, tokens, 0.1));
        Assert.Equal([1, 4], QualitySubset.Select(scores, tokens, 0.11));
        Assert.Equal([1, 3, 4], QualitySubset.Select(scores, tokens, 0.3));
        Assert.Equal([0, 1, 3, 4], QualitySubset.Select(scores, tokens, 0.4));
        Assert.Equal([0, 1, 3, 4, 5], QualitySubset.Select(scores, tokens, 1));
        Assert.Equal(QualitySubset.Select(scores, tokens, 0.3), QualitySubset.Select(scores, tokens, 0.3));
        Assert.Equal([3.0, 1, double.PositiveInfinity, 2, 1, 9], scores);
        Assert.Equal([0], QualitySubset.Select([4], [100], 0.01));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void A_share_that_means_nothing_is_refused(double share) =>
        Assert.Equal(ExitCode.Usage, Assert.Throws<CoppiceException>(() => QualitySubset.Select([1], [1], share)).ExitCode);

    [Fact]
    public void Epochs_over_the_subset_visit_the_same_documents_in_different_orders()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = CharacterTrainer.Train(["abcdefghijklmnopqrstuvwxyz"], ["<|endoftext|>"]);
        // Most documents recite the alphabet; every fourth is scrambled by a stride of its own.
        var documents = Enumerable.Range(0, 40).Select(i => new Document($"{i}", new string([.. Enumerable.Range(0, 20).Select(j => (char)('a' + ((i % 4 == 3 ? j * (i + 2) : j) + i) % 26))]), "x"));
        using var store = TokenStoreWriter.Build(documents, tokenizer, folder.At("all.tokens"));
        var chosen = QualitySubset.Select(new CrossFittedNgramScorer().Score(store), QualitySubset.TokensPerDocument(store), 0.5);
        Assert.All(chosen, document => Assert.NotEqual(3, document % 4));
        using var subset = QualitySubset.Write(store, chosen, folder.At("some.tokens"));
        Assert.Equal(chosen.Select(document => store.ReadText(document)), Enumerable.Range(0, subset.DocumentCount).Select(document => subset.ReadText(document)));

        var sampler = new SequenceSampler([new SamplerSource("x", subset)], 21, seed: 1);
        var epochs = Enumerable.Range(0, 4).Select(_ =>
        {
            var batch = new PackedBatch();
            sampler.Next(batch, (int)sampler.SequencesPerEpoch(0));
            return batch.Tokens[..batch.Count];
        }).ToList();
        Assert.Equal(4, epochs.Select(epoch => string.Join(' ', epoch)).Distinct().Count());
    }
}
