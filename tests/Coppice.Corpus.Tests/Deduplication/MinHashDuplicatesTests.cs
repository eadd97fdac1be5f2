using System.Buffers;
using Coppice.Corpus.Deduplication;
using Coppice.Testing;

namespace Coppice.Corpus.Tests.Deduplication;

public sealed class MinHashDuplicatesTests(Xunit.Abstractions.ITestOutputHelper output)
{
    [Theory]
    [InlineData(3, 28, 4)]
    [InlineData(5, 14, 8)]
    [InlineData(1, 20, 3)]
    public void Candidates_are_found_at_the_rate_of_the_formula(int size, int bands, int rows)
    {
        // Pairs of equal length that share a run of words: their true Jaccard similarity is measured, not planned.
        var maker = new TextMaker(1);
        var shingling = new Shingling(ShingleUnit.Words, size);
        var lsh = new LshBands(bands, rows);
        const int Pairs = 3000;
        var (expected, variance, found) = (0.0, 0.0, 0);
        var (first, second) = (new uint[lsh.Hashes], new uint[lsh.Hashes]);
        for (var pair = 0; pair < Pairs; pair++)
        {
            var shared = maker.Text(20 + maker.Next(80));
            var (a, b) = ($"{shared} {maker.Text(30)}", $"{shared} {maker.Text(30)}");
            var hasher = new MinHasher(shingling, lsh.Hashes, seed: (ulong)pair);
            Assert.True(hasher.Sign(a, first) && hasher.Sign(b, second));
            var probability = lsh.Probability(shingling.Jaccard(a, b));
            expected += probability;
            variance += probability * (1 - probability);
            var agrees = Enumerable.Range(0, bands).Any(band => first.AsSpan(band * rows, rows).SequenceEqual(second.AsSpan(band * rows, rows)));
            found += agrees ? 1 : 0;
        }

        output.WriteLine($"{size} words, {bands} x {rows}: {found} of {expected:F0} +- {Math.Sqrt(variance):F1}");
        Assert.True(variance > 50);
        Assert.InRange(found, expected - (4 * Math.Sqrt(variance)), expected + (4 * Math.Sqrt(variance)));
    }

    [Fact]
    public void The_formula_gives_the_published_curve_of_FineWeb()
    {
        var bands = MinHashOptions.FineWeb.Bands;
        double[] published = [.21, .57, .77, .92, .99, 1.0];
        double[] similarities = [.6, .7, .75, .8, .85, .9];
        Assert.All(similarities.Zip(published), pair => Assert.Equal(pair.Second, bands.Probability(pair.First), 0.006));
    }

    [Theory]
    [InlineData(60)]
    [InlineData(400)]
    public void Copies_with_up_to_a_tenth_of_the_words_changed_are_found_and_nothing_else(int words)
    {
        var maker = new TextMaker(2);
        var texts = Enumerable.Range(0, 1500).Select(_ => maker.Text(words)).ToList();
        var planted = new Dictionary<int, (int Original, double Share)>();
        for (var i = 0; i < 1000; i++)
        {
            var share = (1 + (i % 10)) / 100.0;
            planted.Add(texts.Count, (i, share));
            texts.Add(maker.Edited(texts[i], share));
        }

        foreach (var (name, options) in new[] { ("default", new MinHashOptions { Keep = KeepPolicy.First }), ("fineweb", MinHashOptions.FineWeb) })
        {
            using var corpus = new FakeCorpus(new MinHashDuplicates(options), FakeCorpus.Documents(texts));
            var right = corpus.Dropped.Count(drop => planted.TryGetValue((int)drop.Key, out var plan) && drop.Value.Because == plan.Original);
            var byShare = planted.GroupBy(plan => plan.Value.Share)
                .Select(group => $"{group.Key:P0} {group.Count(plan => corpus.Dropped.ContainsKey(plan.Key)) / (double)group.Count():F2}");
            output.WriteLine($"{name}, {words} words: recall {right / (double)planted.Count:F3}, precision {right / (double)corpus.Dropped.Count:F3}; {string.Join(", ", byShare)}; loaded {corpus.Loaded}");
            Assert.True(right >= 0.95 * corpus.Dropped.Count);
            if (name != "default") continue;
            Assert.True(right >= 0.9 * planted.Count);
            var worst = planted.Where(plan => plan.Value.Share == 0.1).ToList();
            Assert.True(worst.Count(plan => corpus.Dropped.ContainsKey(plan.Key)) >= 0.9 * worst.Count);
        }
    }

    [Fact]
    public void A_second_pass_finds_nothing()
    {
        var maker = new TextMaker(3);
        var texts = Enumerable.Range(0, 300).Select(_ => maker.Text(100)).ToList();
        for (var i = 0; i < 1200; i++) texts.Add(maker.Edited(texts[maker.Next(texts.Count)], 0.05 + (0.1 * (i % 4))));
        using var first = new FakeCorpus(new MinHashDuplicates(), FakeCorpus.Documents(texts));
        using var second = new FakeCorpus(new MinHashDuplicates(), first.Rest);
        Assert.InRange(first.Dropped.Count, 300, 1200);
        Assert.True(second.Dropped.Count < 0.001 * second.Count, $"{second.Dropped.Count} of {second.Count}");
        Assert.Equal(texts.Count, first.Rest.Sum(document => document.Copies));
    }

    [Fact]
    public void Threads_and_memory_do_not_change_the_result()
    {
        var maker = new TextMaker(4);
        var texts = Enumerable.Range(0, 200).Select(_ => maker.Text(80)).ToList();
        for (var i = 0; i < 400; i++) texts.Add(maker.Edited(texts[maker.Next(200)], 0.08));
        var documents = FakeCorpus.Documents(texts);
        using var one = new FakeCorpus(new MinHashDuplicates(), documents);
        using var other = new FakeCorpus(new MinHashDuplicates(), documents, threads: 3, memory: 1000);
        Assert.NotEmpty(one.Dropped);
        Assert.Equal(one.Dropped, other.Dropped);
        Assert.Equal(one.Copies, other.Copies);
    }

    [Fact]
    public void Documents_are_linked_that_share_a_key_and_no_others()
    {
        var maker = new TextMaker(12);
        var texts = Enumerable.Range(0, 100).Select(_ => maker.Text(80)).ToList();
        for (var i = 0; i < 200; i++) texts.Add(i % 2 == 0 ? texts[i / 4] : maker.Edited(texts[maker.Next(100)], 0.15));
        var documents = FakeCorpus.Documents(texts);
        foreach (var step in new ILinkingStep[] { new MinHashDuplicates(), new MinHashDuplicates(MinHashOptions.FineWeb), new ExactDocuments() })
        {
            using var corpus = new FakeCorpus(step, documents);
            var sketch = step.BeginSketching();
            var keys = documents.Select(document =>
            {
                var (written, keysOfDocument) = (new ArrayBufferWriter<byte>(), new List<ulong>());
                sketch(document, written);
                step.AddKeys(written.WrittenSpan, keysOfDocument);
                return keysOfDocument;
            }).ToList();
            Assert.InRange(corpus.Links.Count, 90, 20_000);
            Assert.All(corpus.Links, link => Assert.NotEmpty(keys[link.First].Intersect(keys[link.Second])));

            var linked = new UnionFind(documents.Count);
            foreach (var (first, second) in corpus.Links) linked.Join(first, second);
            foreach (var sharing in keys.SelectMany((ofDocument, i) => ofDocument.Select(key => (key, i))).GroupBy(pair => pair.key, pair => linked.Find(pair.i))) Assert.Single(sharing.Distinct());
        }
    }

    [Fact]
    public void The_order_of_the_documents_decides_nothing_but_ties()
    {
        var maker = new TextMaker(5);
        var texts = Enumerable.Range(0, 200).Select(i => maker.Text(100 + i)).ToList();
        texts.AddRange(texts.Select(text => (Text: text, Copy: maker.Edited(text, 0.03))).Select(pair => pair.Copy.Length == pair.Text.Length ? pair.Copy + "s" : pair.Copy).ToList());
        using var forward = new FakeCorpus(new MinHashDuplicates(), FakeCorpus.Documents(texts));
        using var backward = new FakeCorpus(new MinHashDuplicates(), FakeCorpus.Documents(Enumerable.Reverse(texts)));
        var longest = texts.Take(200).Select((text, i) => text.Length > texts[200 + i].Length ? text : texts[200 + i]);
        Assert.Equal(forward.Rest.Select(document => document.Text).Order(), backward.Rest.Select(document => document.Text).Order());
        Assert.Equal(longest.Order(), forward.Rest.Select(document => document.Text).Order());
    }

    [Theory]
    [InlineData(KeepPolicy.Longest, "longest")]
    [InlineData(KeepPolicy.Newest, "newest")]
    [InlineData(KeepPolicy.Oldest, "oldest")]
    [InlineData(KeepPolicy.Best, "best")]
    [InlineData(KeepPolicy.Lowest, "first")]
    [InlineData(KeepPolicy.First, "first")]
    public void The_policy_says_which_copy_stays(KeepPolicy keep, string expected)
    {
        var text = new TextMaker(6).Text(100);
        Document[] documents =
        [
            new("first", text, "x") { Score = -3 },
            new("longest", text + " and more", "x") { Date = "not a date", Score = -1 },
            new("newest", text, "x") { Date = "2024-06-30", Score = double.NaN },
            new("oldest", text, "x") { Date = "1999" },
            new("best", text, "x") { Date = "2020-01-01T00:00:00Z", Score = 0.5 },
        ];
        using var corpus = new FakeCorpus(new MinHashDuplicates(new MinHashOptions { Keep = keep }), documents);
        var kept = Assert.Single(corpus.Rest);
        Assert.Equal(expected, kept.Id);
        Assert.Equal(5, kept.Copies);
    }

    [Fact]
    public void Documents_of_an_earlier_corpus_win_and_are_never_decided_on()
    {
        var maker = new TextMaker(7);
        var old = maker.Text(100);
        string[] texts = [old, maker.Text(100), maker.Edited(old, 0.02) + " and this one is longer by far", maker.Text(100)];
        using var corpus = new FakeCorpus(new MinHashDuplicates(), FakeCorpus.Documents(texts), earlier: 2);
        Assert.Equal(0, Assert.Single(corpus.Dropped).Value.Because);
        Assert.Equal(["3"], corpus.Rest.Select(document => document.Id));
        Assert.Empty(corpus.Copies);
    }

    [Fact]
    public void Texts_that_an_earlier_build_compared_are_not_read_again_wherever_they_stand_now()
    {
        using var folder = new TemporaryFolder();
        var kept = folder.At("kept");
        var maker = new TextMaker(10);
        var texts = Enumerable.Range(0, 20).Select(_ => maker.Text(100)).SelectMany(text => new[] { text, maker.Edited(text, 0.08) }).ToList();
        var step = new MinHashDuplicates(new MinHashOptions { Verify = Verification.Exact });
        using var first = new FakeCorpus(step, FakeCorpus.Documents(texts), keptFile: kept);
        using var again = new FakeCorpus(step, FakeCorpus.Documents(texts.Append(maker.Text(100))), keptFile: kept);
        using var later = new FakeCorpus(step, FakeCorpus.Documents(texts.Prepend(maker.Text(100))), keptFile: kept);
        Assert.NotEmpty(first.Dropped);
        Assert.Equal((true, 0, 0), (first.Loaded > 0, again.Loaded, later.Loaded));
        Assert.Equal(first.Dropped, again.Dropped);
        Assert.Equal(first.Dropped.Keys.Select(index => index + 1).Order(), later.Dropped.Keys.Order());

        File.WriteAllBytes(kept, [.. File.ReadAllBytes(kept).Select((value, i) => i == 20 ? (byte)~value : value)]);
        using var damaged = new FakeCorpus(step, FakeCorpus.Documents(texts), keptFile: kept);
        Assert.Equal(first.Loaded, damaged.Loaded);
    }

    [Fact]
    public void Copies_that_an_earlier_step_counted_are_added_up()
    {
        var text = new TextMaker(8).Text(50);
        Document[] documents = [new("a", text, "x") { Copies = 3 }, new("b", text, "x") { Copies = 2 }];
        using var corpus = new FakeCorpus(new MinHashDuplicates(), documents);
        Assert.Equal(5, Assert.Single(corpus.Rest).Copies);
    }

    [Fact]
    public void A_chain_of_small_changes_does_not_drop_what_became_another_text()
    {
        var maker = new TextMaker(9);
        var texts = new List<string> { maker.Text(200) };
        for (var i = 0; i < 40; i++) texts.Add(maker.Edited(texts[^1], 0.06));
        var shingling = new MinHashOptions().Shingling;
        using var corpus = new FakeCorpus(new MinHashDuplicates(new MinHashOptions { Verify = Verification.Exact, Keep = KeepPolicy.First }), FakeCorpus.Documents(texts));
        Assert.True(corpus.Rest.Count > 3);
        Assert.All(corpus.Dropped, drop => Assert.True(shingling.Jaccard(texts[(int)drop.Key], texts[(int)drop.Value.Because!]) >= 0.5));
        using var chained = new FakeCorpus(new MinHashDuplicates(new MinHashOptions { Verify = Verification.None }), FakeCorpus.Documents(texts));
        Assert.True(chained.Rest.Count < corpus.Rest.Count);
    }

    [Theory]
    [InlineData("我们今天去北京看长城因为天气很好大家都很高兴孩子们也想去", "我们昨天去北京看长城因为天气很好大家都很高兴孩子们也想去", true)]
    [InlineData("我们今天去北京看长城因为天气很好大家都很高兴孩子们也想去", "他的公司在上海开了三家新店每天有几百个客人来买东西吃饭", false)]
    [InlineData("كان الولد يقرأ كتابا جديدا في الحديقة الكبيرة قرب البيت كل يوم", "ذهب المعلم إلى المدرسة ليشرح الدرس للطلاب قبل موعد الامتحان غدا", false)]
    [InlineData("เมื่อวานนี้ฉันไปตลาดซื้อผักและผลไม้", "เมื่อวานนี้ฉันไปตลาดซื้อผักและผลไม้ด้วย", true)]
    public void Scripts_without_spaces_and_right_to_left_are_compared(string first, string second, bool same)
    {
        using var corpus = new FakeCorpus(new MinHashDuplicates(new MinHashOptions { Verify = Verification.Exact }), FakeCorpus.Documents(first, second));
        Assert.Equal(same, corpus.Dropped.Count == 1);
    }

    [Fact]
    public void Case_punctuation_numbers_accents_and_white_space_make_no_difference()
    {
        using var corpus = new FakeCorpus(
            new MinHashDuplicates(MinHashOptions.FineWeb),
            FakeCorpus.Documents("The café paid 3.50 euros, on 12 May; it was cheap!", "the  CAFÉ paid 49 euros on\n7 may -- it was cheap", "cafe only here is different text"));
        Assert.Equal([1L], corpus.Dropped.Keys);
    }

    [Fact]
    public void Short_and_empty_documents_are_kept_unless_they_are_equal()
    {
        string[] texts = ["", " \n", "...", "word", "Word!", "two words", "two words", "other words"];
        using var own = new FakeCorpus(new MinHashDuplicates(), FakeCorpus.Documents(texts));
        Assert.Equal([3L, 6L], own.Dropped.Keys.Order());
        using var fineWeb = new FakeCorpus(new MinHashDuplicates(MinHashOptions.FineWeb), FakeCorpus.Documents(texts));
        Assert.Empty(fineWeb.Dropped);
    }

    [Fact]
    public void Hostile_documents_take_linear_time()
    {
        string[] texts =
        [
            new('a', 5_000_000), string.Concat(Enumerable.Repeat("same line\n", 300_000)), new('\n', 1_000_000), new('\uD800', 1_000_000), new('\0', 1_000_000),
            "one", new('7', 1_000_000), new('\u0301', 1_000_000),
        ];
        using var corpus = new FakeCorpus(new MinHashDuplicates(), FakeCorpus.Documents(texts.Concat(texts)));
        Assert.All(corpus.Dropped, drop => Assert.Equal(drop.Value.Because, drop.Key - texts.Length));
        Assert.Equal([0, 1, 3, 5, 6], corpus.Dropped.Values.Select(drop => (int)drop.Because!).Order());
    }

    [Fact]
    public void Ten_thousand_copies_are_one_cluster()
    {
        var maker = new TextMaker(10);
        var text = maker.Text(60);
        var texts = Enumerable.Range(0, 10_000).Select(_ => maker.Edited(text, 0.04));
        using var corpus = new FakeCorpus(new MinHashDuplicates(new MinHashOptions { Verify = Verification.Estimate }), FakeCorpus.Documents(texts));
        Assert.InRange(corpus.Rest.Count, 1, 5);
    }

    [SharedDataFact("data/text/books.jsonl.gz")]
    [Trait("Category", "Slow")]
    public void One_copied_chapter_in_twenty_is_found_among_books()
    {
        var chapters = Books.Chapters();
        var maker = new TextMaker(11);
        var copied = Enumerable.Range(0, chapters.Count).Where(i => i % 20 == 7).ToList();
        var texts = chapters.Concat(copied.Select((i, k) => k % 2 == 0 ? chapters[i] : maker.Edited(chapters[i], 0.05))).ToList();
        using var corpus = new FakeCorpus(new MinHashDuplicates(new MinHashOptions { Keep = KeepPolicy.First }), FakeCorpus.Documents(texts));
        var found = copied.Where((original, k) => corpus.Dropped.TryGetValue(chapters.Count + k, out var drop) && drop.Because == original).Count();
        var others = corpus.Dropped.Keys.Where(index => index < chapters.Count).ToList();
        output.WriteLine($"{found} of {copied.Count} copies found, {others.Count} others dropped: {string.Join(", ", others.Select(i => $"{i}->{corpus.Dropped[i].Because}"))}");
        Assert.Equal(copied.Count, found);
        Assert.True(others.Count <= 0.05 * corpus.Dropped.Count);
    }
}
