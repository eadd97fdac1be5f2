namespace Coppice.Corpus.Tests.Scoring;

public sealed class NgramModelTests
{
    private static readonly FakeTokenizer Small = new(10, 11, 12);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Probabilities_are_those_of_the_formula_counted_slowly(int order)
    {
        int[][] documents = [[1, 2, 3, 1, 2, 4, 1, 2, 3], [2, 3, 1, 1, 1, 5], [7], [1, 2, 3, 6, 6, 2, 3], [5, 5, 5, 5]];
        using var store = Store(documents);
        var model = NgramModel.Train(store, order: order);
        var slow = new SlowModel(documents, order, Small.VocabularySize);
        foreach (var context in Contexts(documents))
        {
            for (var token = 0; token < Small.VocabularySize; token++)
            {
                Assert.Equal(slow.Probability(context, token), model.Probability(context, token), 1e-12);
            }
        }

        var bits = documents[3].Select((token, i) => -Math.Log2(slow.Probability(documents[3][..i], token))).Average();
        Assert.Equal(bits, model.BitsPerToken(store, 3), 1e-12);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    public void Probabilities_sum_to_1_in_every_context(int order)
    {
        var documents = Enumerable.Range(0, 200).Select(d => Random(d, length: d % 37, symbols: 9)).ToArray();
        using var store = Store(documents);
        var model = NgramModel.Train(store, order: order);
        int[][] unseen = [[9, 9, 9], [0, 9, 0], [9], [], [3, 9]];
        foreach (var context in Contexts(documents).Take(500).Concat(unseen))
        {
            var probabilities = Enumerable.Range(0, Small.VocabularySize).Select(token => model.Probability(context, token)).ToList();
            Assert.All(probabilities, probability => Assert.True(probability > 0));
            Assert.Equal(1, probabilities.Sum(), 1e-9);
        }
    }

    [Fact]
    public void Without_documents_all_tokens_are_equally_probable()
    {
        using var store = Store([1, 2, 3]);
        Assert.Equal(Math.Log2(12), NgramModel.Train(store, documents: []).BitsPerToken(store, 0), 1e-12);
    }

    [Fact]
    public void Special_tokens_are_not_counted_and_a_document_without_text_is_infinitely_surprising()
    {
        foreach (var tokenizer in new[] { FakeTokenizer.Gpt2Like, FakeTokenizer.LlamaLike, FakeTokenizer.Plain })
        {
            using var store = TokenStore.InMemory([new("1", "ab", "x"), new("2", "", "x"), new("3", "ab", "x")], tokenizer);
            var model = NgramModel.Train(store);
            Assert.Equal([97, 98], store.ReadText(0));
            Assert.Equal([97, 98], store.ReadText(2));
            Assert.Equal(model.BitsPerToken(store, 0), model.BitsPerToken(store, 2));
            Assert.Equal(double.PositiveInfinity, model.BitsPerToken(store, 1));
        }
    }

    [Fact]
    public void The_limit_of_tokens_bounds_what_is_learned()
    {
        using var store = Store([.. Enumerable.Range(0, 50).Select(d => Random(d, length: 20, symbols: 9))]);
        var all = NgramModel.Train(store);
        var limited = NgramModel.Train(store, maximumTokens: 100);
        Assert.Equal(Bits(all), Bits(NgramModel.Train(store, maximumTokens: 1000)));
        Assert.True(Bits(limited) > Bits(all) + 0.5, $"{Bits(limited)} against {Bits(all)}");

        double Bits(NgramModel model) => Enumerable.Range(0, 50).Average(d => model.BitsPerToken(store, d));
    }

    [Fact]
    public void A_strange_document_is_the_most_surprising_one_though_the_model_is_of_the_store_itself()
    {
        // Ordinary documents walk around a circle with a random step; the strange one is random, and nothing like it is elsewhere.
        var documents = Enumerable.Range(0, 60).Select(d => Enumerable.Range(0, 30).Select(i => (i + d) % 8).ToArray()).ToArray();
        for (var d = 0; d < 60; d++) documents[d][d % 30] = Random(d, 1, 9)[0];
        documents[17] = [.. Random(99, 30, 9).Select(token => (token * 5) % 9)];
        using var store = Store(documents);
        var scores = new CrossFittedNgramScorer().Score(store);
        Assert.Equal(17, Array.IndexOf(scores, scores.Max()));
        Assert.Equal(scores, new CrossFittedNgramScorer().Score(store));
    }

    [Fact]
    public void Each_half_is_scored_by_the_other_and_equal_documents_are_in_one_half()
    {
        using var store = Store([[1, 2, 3, 4, 5, 6], [7, 8, 7, 8, 7, 8], [1, 2, 3, 4, 5, 6]]);
        var scores = new CrossFittedNgramScorer().Score(store);
        var others = NgramModel.Train(store, [1]);
        Assert.Equal([others.BitsPerToken(store, 0), NgramModel.Train(store, [0, 2]).BitsPerToken(store, 1), others.BitsPerToken(store, 2)], scores);
        Assert.Equal(Enumerable.Range(0, 3).Select(d => others.BitsPerToken(store, d)), new NgramScorer(others).Score(store));
    }

    [Theory]
    [InlineData(256, 256)]
    [InlineData(256, 257)]
    [InlineData(null, null)]
    public void Chosen_documents_are_copied_as_if_they_had_been_encoded_alone(int? begin, int? end)
    {
        using var folder = new Testing.TemporaryFolder();
        var tokenizer = new FakeTokenizer(begin, end);
        Document[] documents = [new("0", "aa", "x"), new("1", "bé", "y"), new("2", "", "x"), new("3", new string('c', 40_000), "z"), new("4", "last", "x")];
        using var store = TokenStoreWriter.Build(documents, tokenizer, folder.At("all.tokens"));
        foreach (var chosen in new int[][] { [0, 1, 2, 3, 4], [1, 4], [3], [4, 0] })
        {
            using var copy = TokenStoreWriter.Copy(store, chosen, folder.At("some.tokens"));
            using var expected = TokenStoreWriter.Build(chosen.Select(i => documents[i]), tokenizer, folder.At("expected.tokens"));
            Assert.Equal(expected.Fingerprint, copy.Fingerprint);
            Assert.Equal(chosen.Select(i => (long)System.Text.Encoding.UTF8.GetByteCount(documents[i].Text)), Enumerable.Range(0, chosen.Length).Select(copy.DocumentBytes));
        }

        Assert.Throws<Foundation.CoppiceException>(() => TokenStoreWriter.Copy(store, [], folder.At("none.tokens")));
        Assert.False(File.Exists(folder.At("none.tokens")));
    }

    private static TokenStore Store(params int[][] documents) =>
        TokenStore.InMemory(documents.Select((tokens, i) => new Document($"{i}", new string([.. tokens.Select(token => (char)token)]), "x")), Small);

    private static int[] Random(int seed, int length, int symbols) =>
        [.. Enumerable.Range(0, length).Select(i => (int)CounterRandom.Below(CounterRandom.Bits((ulong)seed, 1, (ulong)i), symbols))];

    private static IEnumerable<int[]> Contexts(int[][] documents) => documents.SelectMany(document => Enumerable.Range(0, document.Length).Select(i => document[..i]));

    /// <summary>The definition, with n-grams as strings, counted anew for every question.</summary>
    private sealed class SlowModel
    {
        private readonly Dictionary<string, int>[] _counts;
        private readonly int _vocabularySize;

        public SlowModel(int[][] documents, int order, int vocabularySize)
        {
            _vocabularySize = vocabularySize;
            _counts = new Dictionary<string, int>[order + 1];
            var longest = documents.SelectMany(document =>
            {
                var padded = Enumerable.Repeat(-1, order - 1).Concat(document).ToArray();
                return Enumerable.Range(0, document.Length).Select(i => padded[i..(i + order)]);
            }).ToList();
            _counts[order] = longest.GroupBy(Name).ToDictionary(group => group.Key, group => group.Count());
            for (var k = order - 1; k >= 1; k--)
            {
                // Of how many different n-grams one token longer is it the end?
                var ends = longest.Select(ngram => ngram[(order - k - 1)..]).DistinctBy(Name);
                _counts[k] = ends.GroupBy(ngram => Name(ngram[1..])).ToDictionary(group => group.Key, group => group.Count());
            }
        }

        public double Probability(int[] context, int token)
        {
            int[] padded = [.. Enumerable.Repeat(-1, _counts.Length), .. context];
            return Probability(padded, token, _counts.Length - 1);
        }

        private double Probability(int[] context, int token, int k)
        {
            if (k == 0) return 1.0 / _vocabularySize;
            var lower = Probability(context, token, k - 1);
            var history = context[(context.Length - k + 1)..];
            var after = Enumerable.Range(0, _vocabularySize).Select(next => _counts[k].GetValueOrDefault(Name([.. history, next]))).ToArray();
            if (after.Sum() == 0) return lower;
            double once = _counts[k].Values.Count(count => count == 1), twice = _counts[k].Values.Count(count => count == 2);
            var discount = once > 0 && twice > 0 ? once / (once + (2 * twice)) : 0.5;
            return (Math.Max(0, after[token] - discount) / after.Sum()) + (discount * after.Count(count => count > 0) / after.Sum() * lower);
        }

        private static string Name(int[] ngram) => string.Join(' ', ngram);
    }
}
