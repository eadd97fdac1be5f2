using Coppice.Corpus.Deduplication;
using Coppice.Testing;

namespace Coppice.Corpus.Tests.Deduplication;

public sealed class SubstringDuplicatesTests(Xunit.Abstractions.ITestOutputHelper output)
{
    [Fact]
    public void What_goes_is_what_brute_force_finds()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var length = 8 + random.Next(12);
            var pool = Enumerable.Range(0, 4).Select(_ => Letters(random, 10 + random.Next(30), symbols: 2 + (seed % 3))).ToArray();
            var texts = Enumerable.Range(0, 1 + random.Next(6))
                .Select(_ => string.Concat(Enumerable.Range(0, random.Next(5)).Select(_ => random.Next(2) == 0 ? pool[random.Next(4)] : Letters(random, random.Next(40), 4))))
                .ToList();
            var keepOne = seed % 2 == 0;
            var earlier = seed % 5 == 0 ? 1 : 0;
            using var corpus = new FakeCorpus(new SubstringDuplicates(length, keepOne), FakeCorpus.Documents(texts), Math.Min(earlier, texts.Count));
            var expected = BruteForce(texts, length, keepOne);
            for (var document = 0; document < texts.Count; document++)
            {
                var goes = new bool[texts[document].Length];
                if (corpus.Edits.TryGetValue(document, out var edit))
                {
                    var ends = VarInts.ReadAscending(edit);
                    for (var i = 0; i < ends.Count; i += 2) Array.Fill(goes, true, ends[i], ends[i + 1] - ends[i]);
                }

                if (document < earlier) Assert.DoesNotContain(true, goes);
                else Assert.Equal(expected[document], goes);
            }
        }
    }

    [Theory]
    [InlineData(1 << 26)]
    [InlineData(1)]
    public void Repeats_are_found_however_little_memory_there_is(long memory)
    {
        // The least part holds 65,536 units: with little memory the passages are divided by their fingerprints.
        var maker = new TextMaker(1);
        var shared = Enumerable.Range(0, 400).Select(_ => maker.Text(100)).ToList();
        var texts = Enumerable.Range(0, 1200).Select(i => $"{maker.Text(20)}\n{shared[i % 400]}\n{maker.Text(20)}").ToList();
        using var corpus = new FakeCorpus(new SubstringDuplicates(100), FakeCorpus.Documents(texts), memory: memory);
        var rest = corpus.Rest;
        for (var i = 0; i < texts.Count; i++)
        {
            Assert.Equal(i < 400, rest[i].Text.Contains(shared[i % 400]));
            if (i >= 400) Assert.InRange(rest[i].Text.Length, 10, texts[i].Length - shared[i % 400].Length);
        }

        using var again = new FakeCorpus(new SubstringDuplicates(100), rest, memory: memory);
        Assert.Empty(again.Edits);
    }

    [Fact]
    public void Cuts_divide_no_character_and_no_word()
    {
        var words = new TextMaker(2).Text(20);
        var chinese = string.Concat(Enumerable.Range(0, 60).Select(i => (char)(0x4E00 + (i * 37))));
        var emoji = string.Concat(Enumerable.Range(0, 40).Select(i => char.ConvertFromUtf32(0x1F600 + i)));
        // The low half of the emoji before and after is the same, so that the repeat in UTF-16 begins and ends inside of a character.
        string[] texts =
        [
            $"first\U00010400{emoji}\U0001F680 end", $"second\U00010800{emoji}\U0001F681 end",
            $"甲{chinese}乙", $"丙{chinese}丁",
            $"unbroken {words} ending here", $"outunbroken {words} endings",
        ];
        using var corpus = new FakeCorpus(new SubstringDuplicates(20), FakeCorpus.Documents(texts));
        var rest = corpus.Rest.Select(document => document.Text).ToList();
        Assert.Equal($"second\U00010800\U0001F681 end", rest[1]);
        Assert.Equal("丙丁", rest[3]);
        Assert.Equal("outunbroken endings", rest[5]);
        Assert.All(rest, text => Assert.Equal(text, System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text))));
    }

    [Fact]
    public void A_document_of_which_nothing_or_little_is_left_goes()
    {
        var maker = new TextMaker(3);
        var text = maker.Text(100);
        string[] texts = [text, text, $"{text}\n{maker.Text(10)}"];
        using var all = new FakeCorpus(new SubstringDuplicates(100), FakeCorpus.Documents(texts));
        Assert.Equal(["0", "2"], all.Rest.Select(document => document.Id));
        using var most = new FakeCorpus(new SubstringDuplicates(100, dropAt: 0.8), FakeCorpus.Documents(texts));
        Assert.Equal(["0"], most.Rest.Select(document => document.Id));
    }

    [Fact]
    public void Hostile_documents_take_linear_time()
    {
        string[] texts =
        [
            "", new('a', 3_000_000), string.Concat(Enumerable.Repeat("ab", 500_000)), string.Concat(Enumerable.Repeat("the same line again\n", 100_000)), "x",
            new('\uD800', 300_000), new('\uFFFF', 300_000), new('\0', 300_000),
        ];
        using var corpus = new FakeCorpus(new SubstringDuplicates(), FakeCorpus.Documents(texts));
        Assert.All(corpus.Rest, document => Assert.InRange(document.Text.Length, 0, 450));
        // Lone surrogates and noncharacters are both compared as the replacement character, so that one of these documents goes.
        Assert.Equal(7, corpus.Rest.Count);
    }

    [Fact]
    public void Chapters_copied_into_other_books_are_found()
    {
        var maker = new TextMaker(4);
        var chapters = Enumerable.Range(0, 100).Select(_ => maker.Paragraphs(8, 60)).ToList();
        CheckCopiedChapters(chapters);
    }

    [SharedDataFact("data/text/books.jsonl.gz")]
    [Trait("Category", "Slow")]
    public void Chapters_of_real_books_copied_into_other_books_are_found() => CheckCopiedChapters(Books.Chapters());

    private void CheckCopiedChapters(List<string> chapters)
    {
        // A book is ten chapters; into each, a chapter of another book is copied: one in twenty.
        var texts = chapters.Chunk(10).Select(book => string.Join("\n\n", book)).ToList();
        var copied = texts.Select((_, book) => (Chapter: (book * 10 + 35) % chapters.Count, Book: book)).Where((_, i) => i % 2 == 0).ToList();
        var clean = new FakeCorpus(new SubstringDuplicates(), FakeCorpus.Documents(texts)).Rest.Select(document => document.Text).ToList();
        foreach (var (chapter, book) in copied) texts[book] += "\n\n" + chapters[chapter];
        using var corpus = new FakeCorpus(new SubstringDuplicates(), FakeCorpus.Documents(texts));
        var rest = corpus.Rest.Select(document => document.Text).ToList();
        var before = texts.Sum(text => (long)text.Length);
        var after = rest.Sum(text => (long)text.Length);
        var shouldBe = clean.Sum(text => (long)text.Length);
        output.WriteLine($"{copied.Count} chapters copied, {copied.Sum(copy => (long)chapters[copy.Chapter].Length)} characters; {before} before, {after} after, {shouldBe} without the copies");
        Assert.InRange(after, shouldBe * 0.999, shouldBe * 1.001);
        using var again = new FakeCorpus(new SubstringDuplicates(), corpus.Rest);
        Assert.InRange(again.Rest.Sum(document => (long)document.Text.Length), after * 0.999, after);
    }

    private static string Letters(Random random, int count, int symbols) => string.Concat(Enumerable.Range(0, count).Select(_ => (char)('a' + random.Next(symbols))));

    /// <summary>Which characters go: every passage of the length that stands before it, and not overlapping, in the corpus; or anywhere else.</summary>
    private static List<bool[]> BruteForce(List<string> texts, int length, bool keepOne)
    {
        var first = new Dictionary<string, (int Document, int At)>();
        var counts = new Dictionary<string, int>();
        for (var document = 0; document < texts.Count; document++)
        {
            for (var at = 0; at + length <= texts[document].Length; at++)
            {
                var passage = texts[document].Substring(at, length);
                first.TryAdd(passage, (document, at));
                counts[passage] = counts.GetValueOrDefault(passage) + 1;
            }
        }

        var goes = texts.ConvertAll(text => new bool[text.Length]);
        for (var document = 0; document < texts.Count; document++)
        {
            for (var at = 0; at + length <= texts[document].Length; at++)
            {
                var passage = texts[document].Substring(at, length);
                var kept = first[passage];
                var isCopy = keepOne ? kept.Document != document || at >= kept.At + length : counts[passage] > 1;
                if (isCopy) Array.Fill(goes[document], true, at, length);
            }
        }

        return goes;
    }
}
