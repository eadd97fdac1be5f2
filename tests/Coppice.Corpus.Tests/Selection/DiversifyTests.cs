using Coppice.Corpus.Selection;
using Xunit;

namespace Coppice.Corpus.Tests.Selection;

public sealed class DiversifyTests
{
    [Fact]
    public void Of_exact_copies_one_stays_and_the_others_name_another_document()
    {
        var documents = FacilityLocationTests.Crowd(0, 30);
        documents.AddRange(documents[..10].Select(document => document with { Id = "copy of " + document.Id }).ToList());
        var decisions = StepRunner.Run(new Diversify(new DiversifyOptions { Similarity = 0.999, PrototypeShare = 1, Clusters = 4 }), documents);
        Assert.Equal(10, decisions.Dropped.Count);
        for (var i = 0; i < 10; i++)
        {
            var dropped = decisions.Dropped.ContainsKey(i) ? i : 30 + i;
            Assert.Equal(dropped == i ? 30 + i : i, decisions.Dropped[dropped].Because);
        }
    }

    [Fact]
    public void A_share_is_what_it_says_and_more_is_dropped_the_lower_the_similarity()
    {
        var documents = FacilityLocationTests.Crowd(200, 100);
        Assert.Equal(225, StepRunner.Kept(new Diversify(new DiversifyOptions { DedupShare = 0.75, PrototypeShare = 1 }), documents).Count, 3.0);
        Assert.Equal(180, StepRunner.Kept(new Diversify(new DiversifyOptions { DedupShare = 0.75, PrototypeShare = 0.8 }), documents).Count, 3.0);
        HashSet<string>? before = null;
        foreach (var similarity in new[] { 0.2, 0.5, 0.8, 0.95 })
        {
            var kept = StepRunner.Kept(new Diversify(new DiversifyOptions { Similarity = similarity, PrototypeShare = 1 }), documents).Select(document => document.Id).ToHashSet();
            Assert.True(before is null || before.IsSubsetOf(kept));
            before = kept;
        }
    }

    [Fact]
    public void A_dense_cluster_shrinks_most()
    {
        var documents = FacilityLocationTests.Crowd(200, 100);
        var kept = StepRunner.Kept(new Diversify(new DiversifyOptions { DedupShare = 0.6, PrototypeShare = 0.9 }), documents);
        Assert.True(kept.Count(document => document.Id.StartsWith('c')) < 90);
        Assert.True(kept.Count(document => document.Id.StartsWith('l')) > 60);
    }

    [Fact]
    public void An_embedder_of_ones_own_plugs_in()
    {
        List<Document> documents = [.. Enumerable.Range(0, 20).Select(i => new Document($"{i}", new string('x', 1 + i % 2 * 1000 + i), "s"))];
        var kept = StepRunner.Kept(new Diversify(new DiversifyOptions { Similarity = 0.99, PrototypeShare = 1, Clusters = 2 }, new LongOrShort()), documents);
        Assert.Equal(2, kept.Count);
    }

    [Fact]
    public void Documents_with_like_words_have_like_embeddings()
    {
        var embedder = new HashedNgramEmbedder();
        var embed = embedder.Begin();
        float[] Of(string text)
        {
            var vector = new float[embedder.Dimensions];
            embed(new Document("x", text, "s"), vector);
            return vector;
        }

        double Cosine(string a, string b)
        {
            var (x, y) = (Of(a), Of(b));
            return x.Zip(y, (p, q) => (double)p * q).Sum() / Math.Sqrt(x.Sum(p => (double)p * p) * y.Sum(p => (double)p * p));
        }

        const string Text = "a captain sails out of the old harbour before the tide turns and the wind falls";
        Assert.Equal(1, Cosine(Text, Text.ToUpperInvariant()), 1e-6);
        Assert.True(Cosine(Text, Text.Replace("captain", "sailor", StringComparison.Ordinal)) > 0.7);
        Assert.True(Math.Abs(Cosine(Text, "goats graze on steep rocks while two shepherds watch clouds")) < 0.3);
        Assert.All(Of(""), value => Assert.Equal(0, value));
    }

    private sealed class LongOrShort : IDocumentEmbedder
    {
        public string Version => "length";

        public int Dimensions => 2;

        public bool TakesOffMean => true;

        public Action<Document, Memory<float>> Begin() => (document, vector) => (vector.Span[0], vector.Span[1]) = document.Text.Length > 500 ? (1, 0) : (0, 1);
    }
}
