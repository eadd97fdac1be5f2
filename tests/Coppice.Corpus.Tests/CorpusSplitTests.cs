using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Corpus.Tests;

public sealed class CorpusSplitTests
{
    [Fact]
    public void A_documents_side_depends_on_its_text_and_the_seed_only()
    {
        var split = CorpusSplit.ByDocument(0.1, seed: 5);
        for (var i = 0; i < 500; i++)
        {
            var one = new Document($"{i}", $"text {i}", "here");
            var other = new Document("elsewhere", $"text {i}", "there") { Date = "2030-01-01" };
            Assert.Equal(split.Divide(one).Train is null, split.Divide(other).Train is null);
        }
    }

    [Fact]
    public void The_share_is_met_and_another_seed_chooses_others()
    {
        static HashSet<int> Validation(double share, ulong seed) =>
            [.. Enumerable.Range(0, 5000).Where(i => CorpusSplit.ByDocument(share, seed).Divide(new Document("", $"text {i}", "")).Validation is not null)];

        // 500 expected, standard deviation 21.
        var first = Validation(0.1, 1);
        Assert.InRange(first.Count, 400, 600);
        Assert.InRange(first.Intersect(Validation(0.1, 2)).Count(), 10, 110);
        Assert.Superset(first, Validation(0.2, 1));
    }

    // Computed by a script of a few lines in another language from SHA-256 and SplitMix64. A split that changed between versions would
    // move validation text into training.
    [Fact]
    public void The_sides_of_known_texts_stay_what_they_are() =>
        Assert.Equal(
            "0000110000",
            string.Concat(Enumerable.Range(0, 10).Select(i => CorpusSplit.ByDocument(0.25, 42).Divide(new Document("", $"document {i}", "")).Train is null ? 1 : 0)));

    [Theory]
    [InlineData("0123456789", 0.1, 9)]
    [InlineData("012345678", 0.1, 8)]
    [InlineData("😀😀😀😀", 0.5, 4)]
    [InlineData("a😀b😀", 0.25, 4)]
    [InlineData("x", 0.5, 0)]
    [InlineData("", 0.5, 0)]
    public void The_tail_is_cut_by_code_points(string text, double share, int cut) => Assert.Equal(cut, CorpusSplit.CutOfTail(text, share));

    [Fact]
    public void A_lone_surrogate_counts_as_a_code_point() => Assert.Equal(2, CorpusSplit.CutOfTail("\ud800\ud800x", 0.25));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-0.1)]
    [InlineData(double.NaN)]
    public void A_share_outside_of_zero_to_one_is_refused(double share)
    {
        Assert.Throws<CoppiceException>(() => CorpusSplit.ByDocument(share));
        Assert.Throws<CoppiceException>(() => CorpusSplit.ByTail(share));
    }

    [SharedDataFact("data/text/tinyshakespeare.txt")]
    public void Tiny_shakespeare_is_cut_where_nano_gpt_cuts_it()
    {
        var document = Assert.Single(ReaderTests.Read(SharedData.At("data/text/tinyshakespeare.txt")).Documents);
        var (train, validation) = CorpusSplit.ByTail(0.1).Divide(document);
        Assert.Equal((1_003_854, 111_540), (train!.Text.Length, validation!.Text.Length));
        Assert.Equal(document.Text, train.Text + validation.Text);
    }
}
