namespace Coppice.Corpus.Tests;

public sealed class WindowPackerTests
{
    private static readonly Document[] TwoDocuments = [new("1", "ab", "x"), new("2", "cde", "y")];

    [Fact]
    public void With_one_token_for_begin_and_end_every_target_counts()
    {
        // Stream: E a b E c d e E
        var batch = WholeStore(FakeTokenizer.Gpt2Like);
        Assert.Equal([256, 'a', 'b', 256, 'c', 'd', 'e'], batch.Tokens[..batch.Count]);
        Assert.Equal(['a', 'b', 256, 'c', 'd', 'e', 256], batch.Targets[..batch.Count]);
        Assert.Equal([1, 1, 1, 1, 1, 1, 1], batch.Weights[..batch.Count]);
        Assert.Equal([0, 1, 2, 0, 1, 2, 3], batch.Positions[..batch.Count]);
        Assert.Equal([0, 3, 7], batch.CumulativeLengths[..(batch.DocumentCount + 1)]);
        Assert.Equal([0, 0, 0, 1, 1, 1, 1], batch.Sources[..batch.Count]);
        Assert.Equal(7, batch.CountedTokens);
    }

    [Fact]
    public void With_two_tokens_the_target_after_the_end_does_not_count()
    {
        // Stream: B a b E B c d e E
        var batch = WholeStore(FakeTokenizer.LlamaLike);
        Assert.Equal([256, 'a', 'b', 257, 256, 'c', 'd', 'e'], batch.Tokens[..batch.Count]);
        Assert.Equal(['a', 'b', 257, 256, 'c', 'd', 'e', 257], batch.Targets[..batch.Count]);
        Assert.Equal([1, 1, 1, 0, 1, 1, 1, 1], batch.Weights[..batch.Count]);
        Assert.Equal([0, 1, 2, 3, 0, 1, 2, 3], batch.Positions[..batch.Count]);
        Assert.Equal([0, 4, 8], batch.CumulativeLengths[..(batch.DocumentCount + 1)]);
        Assert.Equal(7, batch.CountedTokens);
    }

    [Fact]
    public void Without_special_tokens_a_target_in_the_next_document_does_not_count()
    {
        var batch = WholeStore(FakeTokenizer.Plain);
        Assert.Equal(['a', 'b', 'c', 'd'], batch.Tokens[..batch.Count]);
        Assert.Equal([1, 0, 1, 1], batch.Weights[..batch.Count]);
        Assert.Equal([0, 2, 4], batch.CumulativeLengths[..(batch.DocumentCount + 1)]);
    }

    [Fact]
    public void Across_documents_text_without_special_tokens_runs_on()
    {
        var batch = WholeStore(FakeTokenizer.Plain, crossDocumentAttention: true);
        Assert.Equal([1, 1, 1, 1], batch.Weights[..batch.Count]);
        Assert.Equal([0, 1, 2, 3], batch.Positions[..batch.Count]);
        Assert.Equal([0, 4], batch.CumulativeLengths[..(batch.DocumentCount + 1)]);
        Assert.Equal([0, 0, 1, 1], batch.Sources[..batch.Count]);
    }

    [Fact]
    public void Across_documents_the_target_after_an_end_token_still_does_not_count() =>
        Assert.Equal([1, 1, 1, 0, 1, 1, 1, 1], WholeStore(FakeTokenizer.LlamaLike, crossDocumentAttention: true).Weights[..8]);

    [Fact]
    public void A_window_that_begins_inside_a_document_starts_at_position_zero()
    {
        using var store = TokenStore.InMemory(TwoDocuments, FakeTokenizer.LlamaLike);
        var batch = new PackedBatch();
        new WindowPacker(false).Add(store, 2, 4, null, batch);
        Assert.Equal(['b', 257, 256, 'c'], batch.Tokens[..batch.Count]);
        Assert.Equal([0, 1, 0, 1], batch.Positions[..batch.Count]);
        Assert.Equal([0, 2, 4], batch.CumulativeLengths[..(batch.DocumentCount + 1)]);
    }

    [Fact]
    public void A_window_that_ends_with_a_document_has_no_empty_fragment_and_an_uncounted_last_target()
    {
        using var store = TokenStore.InMemory(TwoDocuments, FakeTokenizer.LlamaLike);
        var batch = new PackedBatch();
        new WindowPacker(false).Add(store, 0, 4, null, batch);
        Assert.Equal(1, batch.DocumentCount);
        Assert.Equal([1, 1, 1, 0], batch.Weights[..batch.Count]);
    }

    [Fact]
    public void Documents_without_tokens_make_no_fragments()
    {
        Document[] documents = [new("0", "", "x"), new("1", "ab", "x"), new("2", "", "x"), new("3", "", "x"), new("4", "cd", "y"), new("5", "", "x")];
        using var store = TokenStore.InMemory(documents, FakeTokenizer.Plain);
        Assert.Equal([1, 1, 4, 4], Enumerable.Range(0, 4).Select(position => store.DocumentAt(position)));
        var batch = new PackedBatch();
        new WindowPacker(false).Add(store, 0, 3, null, batch);
        Assert.Equal([0, 2, 3], batch.CumulativeLengths[..(batch.DocumentCount + 1)]);
        Assert.Equal([0, 0, 1], batch.Sources[..batch.Count]);
    }

    public static TheoryData<int?, int?> SpecialTokens => new() { { 256, 256 }, { 256, 257 }, { null, null }, { 256, null }, { null, 257 } };

    // Each place on its own, from the documents' starts, against the packer's walk over whole documents.
    [Theory]
    [MemberData(nameof(SpecialTokens))]
    public void Random_windows_agree_with_the_definition(int? begin, int? end)
    {
        var random = new Random(1);
        for (var trial = 0; trial < 200; trial++)
        {
            var documents = Enumerable.Range(0, random.Next(1, 12)).Select(i => new Document($"{i}", new string((char)('a' + i), random.Next(0, 6)), $"{i % 3}"));
            using var store = TokenStore.InMemory(documents.Append(new Document("last", "zz", "z")), new FakeTokenizer(begin, end));
            var start = random.NextInt64(store.TokenCount - 1);
            var length = random.Next(1, (int)(store.TokenCount - start));
            var cross = random.Next(2) == 0;
            var batch = new PackedBatch();
            new WindowPacker(cross).Add(store, start, length, null, batch);

            var stream = new int[length + 1];
            store.Read(start, stream);
            var position = 0;
            var fragments = new List<int> { 0 };
            for (var i = 0; i < length; i++)
            {
                var document = store.DocumentAt(start + i);
                var opens = i > 0 && document != store.DocumentAt(start + i - 1);
                if (opens && !cross) fragments.Add(i);
                position = i == 0 || (opens && !cross) ? 0 : position + 1;
                var leaves = store.DocumentAt(start + i + 1) != document;
                var counts = !leaves || (begin == end && (begin is not null || cross));
                Assert.Equal(
                    (stream[i], stream[i + 1], counts ? 1f : 0f, position, store.DocumentSource(document)),
                    (batch.Tokens[i], batch.Targets[i], batch.Weights[i], batch.Positions[i], batch.Sources[i]));
            }

            Assert.Equal([.. fragments, length], batch.CumulativeLengths[..(batch.DocumentCount + 1)]);
            Assert.Equal(batch.Weights.AsSpan(0, length).Count(1f), batch.CountedTokens);
        }
    }

    [Fact]
    public void Filling_a_batch_again_allocates_nothing()
    {
        using var store = TokenStore.InMemory([.. Enumerable.Range(0, 50).Select(i => new Document($"{i}", new string('a', 1 + i), "x"))], FakeTokenizer.Gpt2Like);
        var sampler = new SequenceSampler([new SamplerSource("x", store)], 64, seed: 1);
        var batch = new PackedBatch();
        for (var i = 0; i < 200; i++) sampler.Next(batch, 8);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 200; i++) sampler.Next(batch, 8);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static PackedBatch WholeStore(FakeTokenizer tokenizer, bool crossDocumentAttention = false)
    {
        using var store = TokenStore.InMemory(TwoDocuments, tokenizer);
        var reader = new SequentialReader(store, 1000, crossDocumentAttention);
        var batch = new PackedBatch();
        Assert.True(reader.Next(batch, 5));
        Assert.False(reader.Next(new PackedBatch(), 5));
        return batch;
    }
}
