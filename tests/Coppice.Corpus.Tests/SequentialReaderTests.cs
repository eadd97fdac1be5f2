namespace Coppice.Corpus.Tests;

public sealed class SequentialReaderTests
{
    [Theory]
    [InlineData(101, 10, 3)]
    [InlineData(104, 10, 4)]
    [InlineData(5, 10, 1)]
    [InlineData(2, 1, 7)]
    public void Every_target_comes_once_and_in_order(int tokens, int length, int sequences)
    {
        using var store = SequenceSamplerTests.Numbered(tokens);
        var reader = new SequentialReader(store, length);
        for (var pass = 0; pass < 2; pass++)
        {
            var targets = new List<int>();
            var batch = new PackedBatch();
            long windows = 0;
            while (reader.Next(batch, sequences))
            {
                targets.AddRange(batch.Targets.AsSpan(0, batch.Count));
                windows += batch.DocumentCount;
            }

            Assert.Equal(Enumerable.Range(1, tokens - 1), targets);
            Assert.Equal(reader.WindowCount, windows);
            reader.Restart();
        }
    }

    [Fact]
    public void Every_text_token_and_end_token_is_counted_once_for_its_source()
    {
        Document[] documents = [new("1", "abc", "first"), new("2", "ü", "second"), new("3", "xy", "first")];
        using var store = TokenStore.InMemory(documents, FakeTokenizer.LlamaLike);
        var reader = new SequentialReader(store, 4);
        var batch = new PackedBatch();
        var counted = new int[store.Sources.Count];
        while (reader.Next(batch, 2))
        {
            for (var i = 0; i < batch.Count; i++) counted[batch.Sources[i]] += (int)batch.Weights[i];
        }

        Assert.Equal([3 + 1 + 2 + 1, 2 + 1], counted);
        Assert.Equal([5, 2], store.Sources.Select(source => source.Bytes));
    }

    [Fact]
    public void A_store_with_one_token_has_nothing_to_read()
    {
        using var store = SequenceSamplerTests.Numbered(1);
        Assert.False(new SequentialReader(store, 8).Next(new PackedBatch(), 1));
    }
}
