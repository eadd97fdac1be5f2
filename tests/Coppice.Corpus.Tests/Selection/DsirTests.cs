using Coppice.Corpus.Selection;
using Coppice.Foundation;
using Coppice.Testing;
using Xunit;

namespace Coppice.Corpus.Tests.Selection;

public sealed class DsirTests : IDisposable
{
    private static readonly string[] Sea = ["sail", "wave", "harbour", "captain", "tide", "rope"];
    private static readonly string[] Hill = ["goat", "rock", "cloud", "shepherd", "slope", "grass"];
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_selected_is_likelier_under_the_target_than_a_random_part_of_the_same_size(bool sample)
    {
        var documents = Mixed(400);
        var kept = StepRunner.Kept(new Dsir(Options(Words(Sea, 5000, 1)) with { Share = 0.4, MinimumWords = 10, Sample = sample }), documents);
        Assert.InRange(kept.Count, 140, 180);
        Assert.True(Likeness(kept) > 1.3 * Likeness(documents), $"{Likeness(kept)} against {Likeness(documents)}");
    }

    [Fact]
    public void A_target_like_the_raw_text_draws_documents_alike()
    {
        // The target is the raw text itself: all weights are 0, so what is drawn is a uniform sample.
        var documents = Mixed(2000);
        var options = Options(string.Join("\n", documents.Select(document => document.Text))) with { Share = 0.3, MinimumWords = 10 };
        var kept = StepRunner.Kept(new Dsir(options), documents);
        Assert.InRange(kept.Count, 590, 610);
        Assert.InRange(Likeness(kept) / Likeness(documents), 0.93, 1.07);
    }

    [Fact]
    public void Drawn_documents_have_the_targets_proportions_in_the_limit()
    {
        // Two kinds of document of one word each: importance resampling a small part of 10 % sea to a target of 60 % sea must give 60 % sea.
        var documents = Enumerable.Range(0, 20_000).Select(i => new Document($"{i}", (i % 10 == 0 ? "sail" : "goat") + new string(' ', 1 + i % 7) + new string('\n', 1 + i / 14), "s")).ToList();
        documents = [.. documents.Select(document => document with { Text = document.Text.PadRight(3000) })];
        var file = _folder.Write("target.jsonl", string.Join('\n', new[] { "sail", "sail", "sail", "goat", "goat" }.Select(word => $$"""{"text": "{{word}}"}""")));
        var step = new Dsir(new DsirOptions { Target = [file], Share = 0.02, MinimumWords = 0, EqualWords = 0 });
        var kept = StepRunner.Kept(step, documents);
        Assert.Equal(400, kept.Count);
        Assert.InRange(kept.Count(document => document.Text.StartsWith('s')), 400 * 0.6 - 40, 400 * 0.6 + 40);
    }

    [Fact]
    public void A_documents_fate_does_not_hang_on_the_order_and_short_ones_are_dropped()
    {
        var documents = Mixed(300);
        documents.Add(new Document("short", "sail wave", "s"));
        var step = new Dsir(Options(Words(Sea, 1000, 3)) with { MinimumWords = 10 });
        var kept = StepRunner.Kept(step, documents).Select(document => document.Id).Order();
        documents.Reverse();
        var reversed = StepRunner.Kept(step, documents).Select(document => document.Id).Order();
        Assert.Equal(kept, reversed);
        Assert.DoesNotContain("short", kept);
    }

    [Fact]
    public void Weights_of_equal_length_do_not_prefer_long_documents()
    {
        List<Document> documents = [.. Enumerable.Range(0, 100).Select(i => new Document($"{i}", Words(Sea, i % 2 == 0 ? 1200 : 120, i), "s"))];
        documents.AddRange(Enumerable.Range(0, 100).Select(i => new Document($"h{i}", Words(Hill, 400, i), "s")));
        var target = Words(Sea, 5000, 9);
        double Long(int equal) => StepRunner.Kept(new Dsir(Options(target) with { Share = 0.2, MinimumWords = 0, EqualWords = equal, Sample = false }), documents).Average(document => document.Text.Length);
        Assert.True(Long(0) > 1.2 * Long(128), $"{Long(0)} against {Long(128)}");
    }

    [Fact]
    public void Earlier_documents_take_no_part()
    {
        var documents = Mixed(100);
        var decisions = StepRunner.Run(new Dsir(Options(Words(Sea, 1000, 3)) with { MinimumWords = 10 }), documents, earlier: 50);
        Assert.NotEmpty(decisions.Dropped);
        Assert.All(decisions.Dropped.Keys, index => Assert.True(index >= 50));
    }

    [Fact]
    public void Counts_are_those_of_words_and_word_pairs()
    {
        var ngrams = new HashedNgrams(1 << 20);
        ngrams.Count("The cat, the CAT!  the");
        // the cat , the cat ! the: 7 words and 6 pairs, of which "the cat" occurs twice.
        Assert.Equal(13, ngrams.Total);
        Assert.Equal([1, 1, 1, 1, 1, 1, 2, 2, 3], ngrams.Touched.Select(bucket => ngrams[bucket]).Order());
        ngrams.Count("");
        Assert.Empty(ngrams.Touched);
    }

    [Fact]
    public void A_target_without_text_is_told()
    {
        Assert.Equal(ExitCode.Usage, Assert.Throws<CoppiceException>(() => new Dsir(Options(" "))).ExitCode);
    }

    private DsirOptions Options(string target) => new() { Target = [_folder.Write($"{Guid.NewGuid()}.txt", target)] };

    private static List<Document> Mixed(int count) => [.. Enumerable.Range(0, count).Select(i => new Document($"{i}", Words(i % 3 == 0 ? Sea : Hill, 200, i), "s"))];

    private static double Likeness(List<Document> documents) => documents.Average(document => Sea.Sum(word => document.Text.Split(' ').Count(w => w == word)));

    private static string Words(string[] vocabulary, int count, int seed)
    {
        var random = new Random(seed);
        return string.Join(' ', Enumerable.Range(0, count).Select(_ => random.Next(3) == 0 ? "the" : vocabulary[random.Next(vocabulary.Length)]));
    }
}
