using Coppice.Corpus.Deduplication;
using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Corpus.Tests.Deduplication;

public sealed class ExactDuplicatesTests
{
    private static readonly TextPieces Lines = new(TextUnit.Line, 5, Normalized: false);

    [Fact]
    public void Documents_with_one_text_leave_one_and_say_how_many_they_were()
    {
        Document[] documents =
        [
            new("a", "text", "x") { Score = 1 }, new("b", "other", "x"), new("c", "text", "x") { Score = 2, Copies = 4 }, new("d", "Text!", "x"),
        ];
        using var corpus = new FakeCorpus(new ExactDocuments(KeepPolicy.Best), documents);
        Assert.Equal([("b", 1L), ("c", 5), ("d", 1)], corpus.Rest.Select(document => (document.Id, document.Copies)));
        Assert.Equal(2, corpus.Dropped[0].Because);
        using var words = new FakeCorpus(new ExactDocuments(normalized: true), documents);
        Assert.Equal(["a", "b"], words.Rest.Select(document => document.Id));
    }

    [Fact]
    public void Texts_without_words_are_compared_as_they_are()
    {
        using var corpus = new FakeCorpus(new ExactDocuments(normalized: true), FakeCorpus.Documents("...", "!", "", "...", ""));
        Assert.Equal([3L, 4L], corpus.Dropped.Keys.Order());
    }

    [Fact]
    public void An_earlier_document_wins_over_every_policy()
    {
        using var corpus = new FakeCorpus(new ExactDocuments(KeepPolicy.Longest), FakeCorpus.Documents("same", "same", "same", "new"), earlier: 1);
        Assert.Equal([1L, 2L], corpus.Dropped.Keys.Order());
        Assert.All(corpus.Dropped.Values, drop => Assert.Equal(0, drop.Because));
    }

    [Fact]
    public void Later_copies_of_lines_go_and_short_lines_stay()
    {
        string[] texts = ["first line\nshared line\nab\n", "shared line \r\nab\nsecond line", "third line\nthird line\n", "shared line"];
        using var corpus = new FakeCorpus(new ExactPieces(Lines), FakeCorpus.Documents(texts));
        Assert.Equal([texts[0], "ab\nsecond line", "third line\n"], corpus.Rest.Select(document => document.Text));
    }

    [Fact]
    public void Paragraphs_are_lines_between_empty_lines_and_leave_no_gap()
    {
        string[] texts = ["one two\nthree\n\n\n  \nfour five\n\nsix seven", "new start\n\n one two\nthree \n\nnew end\n"];
        using var corpus = new FakeCorpus(new ExactPieces(new TextPieces(TextUnit.Paragraph, 5, Normalized: false)), FakeCorpus.Documents(texts));
        Assert.Equal([texts[0], "new start\n\nnew end\n"], corpus.Rest.Select(document => document.Text));
        using var words = new FakeCorpus(
            new ExactPieces(new TextPieces(TextUnit.Paragraph, 5, Normalized: true)), FakeCorpus.Documents("One, two: THREE\n\nfour five", "one two three\n\nnew end"));
        Assert.Equal("new end", words.Rest[1].Text);
    }

    [Fact]
    public void The_copy_in_the_preferred_document_stays()
    {
        Document[] documents = [new("old", "shared line\nold line", "x") { Date = "2020-01-01" }, new("new", "new line\nshared line\n", "x") { Date = "2024-01-01" }];
        using var corpus = new FakeCorpus(new ExactPieces(Lines, KeepPolicy.Newest), documents);
        Assert.Equal(["old line", "new line\nshared line\n"], corpus.Rest.Select(document => document.Text));
    }

    [Fact]
    public void A_document_that_repeats_too_much_goes_whole()
    {
        string[] texts = ["shared line\n", "shared line\nlong new line\n", "shared line\nnew\n"];
        using var corpus = new FakeCorpus(new ExactPieces(Lines, dropAt: 0.7), FakeCorpus.Documents(texts));
        Assert.Equal([texts[0], "long new line\n"], corpus.Rest.Select(document => document.Text));
    }

    [Fact]
    public void A_second_pass_changes_nothing_and_little_memory_gives_the_same()
    {
        var maker = new TextMaker(1);
        var pool = Enumerable.Range(0, 500).Select(_ => maker.Text(12)).ToList();
        var texts = Enumerable.Range(0, 400).Select(_ => string.Join('\n', Enumerable.Range(0, 30).Select(_ => maker.Next(2) == 0 ? pool[maker.Next(500)] : maker.Text(12)))).ToList();
        using var corpus = new FakeCorpus(new ExactPieces(Lines), FakeCorpus.Documents(texts));
        using var little = new FakeCorpus(new ExactPieces(Lines), FakeCorpus.Documents(texts), threads: 2, memory: 1);
        using var again = new FakeCorpus(new ExactPieces(Lines), corpus.Rest);
        Assert.NotEmpty(corpus.Edits);
        Assert.Equal(corpus.Rest, little.Rest);
        Assert.Empty(again.Edits);
    }

    [Fact]
    public void A_million_equal_lines_become_one()
    {
        var text = string.Concat(Enumerable.Repeat("same line\n", 1_000_000));
        using var corpus = new FakeCorpus(new ExactPieces(Lines), FakeCorpus.Documents(text, "", "x", new string('\n', 1_000_000)));
        Assert.Equal(["same line\n", "", "x", new string('\n', 1_000_000)], corpus.Rest.Select(document => document.Text));
    }

    [Fact]
    public void A_Bloom_filter_finds_all_copies_and_errs_at_the_rate_asked_for()
    {
        const int Capacity = 100_000;
        var filter = new BloomFilter(Capacity, 0.01);
        for (var i = 0UL; i < Capacity; i++) filter.Add(CounterRandom.Mix(i));
        for (var i = 0UL; i < 1000; i++) Assert.True(filter.Add(CounterRandom.Mix(i)));
        Assert.InRange(filter.Count, 0.99 * Capacity, Capacity);
        // It is nearly full: what it says of new hashes is its rate, after a few more.
        var errors = Enumerable.Range(Capacity, 50_000).Count(i => filter.Add(CounterRandom.Mix((ulong)i)));
        Assert.InRange(errors, 350, 650);
        Assert.Equal(119_816, BloomFilter.BytesFor(Capacity, 0.01));
        Assert.Equal(Capacity, filter.Count);
    }

    [Fact]
    public void Bloom_paragraphs_are_those_of_the_exact_step()
    {
        var maker = new TextMaker(2);
        var pool = Enumerable.Range(0, 100).Select(_ => maker.Text(12)).ToList();
        var documents = FakeCorpus.Documents(Enumerable.Range(0, 200).Select(_ => string.Join("\n\n", Enumerable.Range(0, 10).Select(_ => pool[maker.Next(100)]))));
        var pieces = new TextPieces(TextUnit.Paragraph, 20, Normalized: false);
        using var exact = new FakeCorpus(new ExactPieces(pieces), documents);
        var pass = new BloomPieces(pieces, 10_000, 1e-6, memoryLimit: 1 << 20).Begin();
        var rest = documents.Select(document => pass(document).Document).OfType<Document>().ToList();
        Assert.InRange(rest.Count, 1, 199);
        Assert.Equal(exact.Rest, rest);
    }

    [Fact]
    public void A_filter_that_does_not_fit_is_refused_before_it_is_allocated()
    {
        var pieces = new TextPieces(TextUnit.Line, 20, Normalized: false);
        var error = Assert.Throws<CoppiceException>(() => new BloomPieces(pieces, long.MaxValue / 100, 0.001, memoryLimit: 1 << 30));
        Assert.Contains("1024.0 MiB are allowed", error.Message);
    }

    [Fact]
    public void A_full_filter_misses_copies_and_says_so()
    {
        var pass = new BloomPieces(Lines, 2, 1e-6, memoryLimit: 1 << 20).Begin();
        var results = FakeCorpus.Documents("line one", "line two", "line three", "line three", "line one").Select(pass).ToList();
        Assert.Equal([true, true, true, true, false], results.Select(result => result.Document is not null));
        Assert.Equal(1, results[3].Measured!.Value.Value);
    }

    [Fact]
    public void Weights_follow_the_number_of_copies()
    {
        var weigh = new CopiesWeight().Begin();
        double WeightOf(long copies) => weigh(new Document("a", "text", "x") { Copies = copies }).Document!.Weight;
        Assert.Equal([1, 3, 6, 6, 7, 10, 1, 1], new long[] { 1, 2, 5, 6, 7, 25, 145, 1_000_000 }.Select(WeightOf));
    }

    [Fact]
    public void Weights_from_removal_rates_are_those_of_the_formula()
    {
        (long, double)[] rates = [(1, 0.6), (2, 0.4), (3, 0.3), (4, 0.2), (5, 0.3), (6, 0.5), (7, 0.7)];
        // Raw: 1, 4, 7, 10, 7, 1, 1 up to 10 for an overall rate of 0.5; the mean of five for the third to the fifth.
        Assert.Equal([(1, 1.0), (2, 4), (3, 6), (5, 5), (6, 1)], CopiesWeight.FromRemovalRates(rates, 0.5, 10));
        Assert.Equal([(1, 1.0)], CopiesWeight.FromRemovalRates([(1, 0.5), (2, 0.5)], 0.5, 10));
    }

    [Fact]
    public void Every_step_can_be_made_and_described()
    {
        Assert.All(DeduplicationSteps.All, step =>
        {
            Assert.True(step.Create(StepOptions.None(step.Name)) is IDocumentStep or ICorpusStep);
            Assert.NotEmpty(step.Describe().Options);
        });
        Assert.Equal(DeduplicationSteps.All.Count, DeduplicationSteps.All.Select(step => step.Name).Distinct().Count());
    }

    [SharedDataFact("data/text/books.jsonl.gz")]
    [Trait("Category", "Slow")]
    public void Copied_chapters_go_paragraph_by_paragraph()
    {
        static int Number(Document document) => int.Parse(document.Id, System.Globalization.CultureInfo.InvariantCulture);
        var chapters = Books.Chapters();
        var copies = chapters.Where((_, i) => i % 20 == 7).ToList();
        var pieces = new TextPieces(TextUnit.Paragraph, 50, Normalized: false);
        using var clean = new FakeCorpus(new ExactPieces(pieces), FakeCorpus.Documents(chapters));
        using var corpus = new FakeCorpus(new ExactPieces(pieces), FakeCorpus.Documents(chapters.Concat(copies)));
        var own = corpus.Rest.Where(document => Number(document) < chapters.Count).Select(document => document.Text);
        Assert.Equal(clean.Rest.Select(document => document.Text), own);
        var left = corpus.Rest.Where(document => Number(document) >= chapters.Count).Sum(document => (long)document.Text.Length);
        Assert.InRange(left, 0, 0.1 * copies.Sum(copy => (long)copy.Length));
    }
}
