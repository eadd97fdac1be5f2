using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Corpus.Tests;

public sealed class WeightedDocumentsTests
{
    [Fact]
    public void Documents_come_in_rounds_each_as_often_as_it_should() =>
        Assert.Equal([0, 2, 3, 0, 3, 3], WeightedDocuments.InRounds([2, 0, 1, 3]));

    [Fact]
    public void What_is_no_whole_weight_comes_more_or_less_often_so_that_the_mean_is_the_weight()
    {
        var times = Enumerable.Range(0, 4000).Select(i => WeightedDocuments.TimesOf(Weighing($"text {i}", 2.25), seed: 7)).ToList();
        Assert.All(times, count => Assert.InRange(count, 2, 3));

        // Four standard deviations of a mean of 4000 draws with a variance of 0.25 · 0.75.
        Assert.InRange(times.Average(), 2.25 - 0.0274, 2.25 + 0.0274);
        Assert.NotEqual(times, Enumerable.Range(0, 4000).Select(i => WeightedDocuments.TimesOf(Weighing($"text {i}", 2.25), seed: 8)));
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1000.1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_weight_that_makes_no_sense_is_refused_with_the_name_of_its_document(double weight) =>
        Assert.Contains("'named'", Assert.Throws<CoppiceException>(() => WeightedDocuments.TimesOf(new Document("named", "x", "s") { Weight = weight }, 0)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_store_holds_documents_by_their_weights_in_rounds(int threads)
    {
        using var folder = new TemporaryFolder();
        Document[] documents = [Weighing("aa", 2), Weighing("b", 0), Weighing("c", 1), Weighing("dd", 3)];
        using var store = TokenStoreWriter.BuildWeighted(documents, 0, FakeTokenizer.Gpt2Like, folder.At("s.tokens"), threads);
        using var expected = TokenStore.InMemory(WeightedDocuments.Repeat(documents, 0), FakeTokenizer.Gpt2Like);
        var (actual, wanted) = (new int[store.TokenCount], new int[expected.TokenCount]);
        store.Read(0, actual);
        expected.Read(0, wanted);
        Assert.Equal(wanted, actual);
        Assert.Equal((6, 11), (store.DocumentCount, (int)store.ByteCount));
        Assert.Equal(["s.tokens"], Directory.GetFiles(folder.Root).Select(Path.GetFileName));
    }

    [Fact]
    public void Without_weights_a_store_is_the_same_byte_for_byte()
    {
        using var folder = new TemporaryFolder();
        Document[] documents = [Weighing("aa", 1), Weighing("b", 1)];
        TokenStoreWriter.Build(documents, FakeTokenizer.Gpt2Like, folder.At("plain")).Dispose();
        TokenStoreWriter.BuildWeighted(documents, 0, FakeTokenizer.Gpt2Like, folder.At("weighted")).Dispose();
        Assert.Equal(File.ReadAllBytes(folder.At("plain")), File.ReadAllBytes(folder.At("weighted")));
    }

    [Fact]
    public void A_written_corpus_gives_back_what_it_knows_of_its_documents_and_another_file_does_not()
    {
        using var folder = new TemporaryFolder();
        Document[] documents = [Weighing("a", 2.5) with { Copies = 4, Score = double.NegativeInfinity, MediaType = "text/html" }, Weighing("b", 1)];
        CorpusWriter.Write(folder.At("corpus"), documents, CorpusSplit.None, new CorpusReport());
        Assert.Equal(documents, ReaderTests.Read(folder.At("corpus")).Documents);
        Assert.Equal(documents, ReaderTests.Read(folder.At($"corpus/{CuratedCorpus.DocumentsFile}")).Documents);

        // A patient's weight, say.
        folder.Write("patients.jsonl", """{"id":"a","text":"a","source":"s","weight":82,"copies":2,"score":7}""");
        var other = Assert.Single(ReaderTests.Read(folder.At("patients.jsonl")).Documents);
        Assert.Equal((1, 1, null), (other.Weight, other.Copies, other.Score));
    }

    private static Document Weighing(string text, double weight) => new(text, text, "s") { Weight = weight };
}
