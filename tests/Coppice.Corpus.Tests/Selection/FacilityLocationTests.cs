using Coppice.Corpus.Selection;
using Xunit;

namespace Coppice.Corpus.Tests.Selection;

public sealed class FacilityLocationTests
{
    [Fact]
    public void Greedy_reaches_the_share_of_the_optimum_that_is_proved_and_lazy_is_greedy()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var items = 6 + seed % 6;
            var picks = 1 + seed % 4;
            var similarity = Random(items, seed);
            var optimum = Subsets(items, picks).Max(set => FacilityLocation.Worth(similarity, items, set));
            var lazy = FacilityLocation.Lazy(similarity, items, picks);
            var worth = FacilityLocation.Worth(similarity, items, [.. lazy.Select(pick => pick.Item)]);
            // The worth and not the items: sums in another order break ties in another way.
            Assert.Equal(FacilityLocation.Worth(similarity, items, Naive(similarity, items, picks)), worth, 1e-4);
            Assert.True(worth >= (1 - Math.Exp(-1)) * optimum - 1e-6);
            Assert.Equal(worth, lazy.Sum(pick => pick.Gain), 1e-4);
            Assert.True(lazy.Zip(lazy.Skip(1)).All(pair => pair.First.Gain >= pair.Second.Gain - 1e-6));
        }
    }

    [Fact]
    public void Random_candidates_lose_little_of_the_objective()
    {
        var (lazy, stochastic) = (0.0, 0.0);
        for (var seed = 0; seed < 20; seed++)
        {
            var similarity = Random(120, seed);
            lazy += FacilityLocation.Lazy(similarity, 120, 12).Sum(pick => pick.Gain);
            var picks = FacilityLocation.Stochastic(similarity, 120, 12, 0.1, (ulong)seed);
            Assert.Equal(12, picks.Select(pick => pick.Item).Distinct().Count());
            stochastic += picks.Sum(pick => pick.Gain);
        }

        Assert.InRange(stochastic / lazy, 0.9, 1.0001);
    }

    [Fact]
    public void A_duplicate_of_a_picked_item_adds_nothing()
    {
        var similarity = Random(8, 3);
        for (var i = 0; i < 8; i++) similarity[7 * 8 + i] = similarity[i * 8 + 7] = similarity[2 * 8 + i];
        similarity[7 * 8 + 7] = similarity[7 * 8 + 2] = similarity[2 * 8 + 7] = 1;
        var picks = FacilityLocation.Lazy(similarity, 8, 8).Select((pick, place) => (pick, place)).Where(p => p.pick.Item is 2 or 7).ToList();
        Assert.Equal(0, picks[1].pick.Gain);
    }

    [Fact]
    public void A_crowd_of_near_duplicates_shrinks_and_lonely_documents_stay()
    {
        var documents = Crowd(copies: 300, lonely: 60);
        var kept = StepRunner.Kept(new RepresentativeSubset(new RepresentativeSubsetOptions { Share = 0.25, Partition = 120 }), documents);
        Assert.Equal(90, kept.Count);
        var share = kept.Count(document => document.Id.StartsWith('l')) / 60.0;
        Assert.True(share > 0.5, $"{share}, where a random quarter has 0.25");
    }

    [Fact]
    public void Documents_that_are_drawn_are_as_many_and_a_matter_of_the_seed()
    {
        var documents = Crowd(copies: 100, lonely: 60);
        string Kept(ulong seed) => string.Join(' ', StepRunner.Kept(new RepresentativeSubset(new RepresentativeSubsetOptions { Share = 0.25, Partition = 80, Sample = true, Seed = seed }), documents).Select(document => document.Id));
        Assert.Equal(40, Kept(1).Split(' ').Length);
        Assert.Equal(Kept(1), Kept(1));
        Assert.NotEqual(Kept(1), Kept(2));
    }

    [Fact]
    public void Gains_become_probabilities_by_the_second_order_of_the_exponential()
    {
        Assert.Equal(1, RepresentativeSubset.TaylorWeight(0));
        Assert.Equal(5, RepresentativeSubset.TaylorWeight(2));
    }

    internal static List<Document> Crowd(int copies, int lonely)
    {
        var random = new Random(4);
        string[] template = [.. Enumerable.Range(0, 60).Select(_ => Word())];
        List<Document> documents = [.. Enumerable.Range(0, copies).Select(i => new Document($"c{i}", string.Join(' ', template.Select((word, place) => place % 20 == i % 20 ? Word() : word)), "s"))];
        documents.AddRange(Enumerable.Range(0, lonely).Select(i => new Document($"l{i}", string.Join(' ', Enumerable.Range(0, 60).Select(_ => Word())), "s")));
        return documents;

        string Word() => $"{(char)('a' + random.Next(26))}{(char)('a' + random.Next(26))}{(char)('a' + random.Next(5))}";
    }

    private static float[] Random(int items, int seed)
    {
        var random = new Random(seed);
        var similarity = new float[items * items];
        for (var i = 0; i < items; i++)
        {
            for (var j = i; j < items; j++) similarity[i * items + j] = similarity[j * items + i] = i == j ? 1 : random.Next(4) == 0 ? (float)random.NextDouble() : 0;
        }

        return similarity;
    }

    private static List<int> Naive(float[] similarity, int items, int picks)
    {
        List<int> set = [];
        while (set.Count < picks) set.Add(Enumerable.Range(0, items).Except(set).MaxBy(item => FacilityLocation.Worth(similarity, items, [.. set, item])));
        return set;
    }

    private static IEnumerable<int[]> Subsets(int items, int size) =>
        Enumerable.Range(0, 1 << items).Where(mask => System.Numerics.BitOperations.PopCount((uint)mask) == size).Select(mask => Enumerable.Range(0, items).Where(i => (mask >> i & 1) == 1).ToArray());
}
