using System.Text;
using Coppice.Continual.Replay;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Continual.Tests.Replay;

public sealed class ReplayBufferTests
{
    private static readonly Tokenizer Characters = CharacterTrainer.Train(["abcdefghijklmnopqrstuvwxyz 0123456789.\né"], ["<|endoftext|>"]);

    [Fact]
    public void Every_document_is_kept_with_the_same_probability()
    {
        // A quarter of 200 documents of equal size, for 400 seeds: each is kept 100 times, give or take.
        var documents = Enumerable.Range(0, 200).Select(i => new BufferedDocument("a", $"document {i:000}")).ToList();
        var kept = documents.ToDictionary(document => document.Text, _ => 0);
        for (var seed = 0UL; seed < 400; seed++)
        {
            foreach (var document in ReplayBuffer.Build(documents, 12 * 50, seed).Documents) kept[document.Text]++;
        }

        Assert.Equal(400 * 50, kept.Values.Sum());
        // Of a draw without replacement: 199 degrees of freedom; five standard deviations around the mean.
        var chiSquare = kept.Values.Sum(count => (count - 100.0) * (count - 100.0) / (100 * 0.75)) * 199 / 200;
        Assert.InRange(chiSquare, 199 - (5 * Math.Sqrt(2 * 199)), 199 + (5 * Math.Sqrt(2 * 199)));
    }

    [Fact]
    public void A_short_document_is_kept_no_more_often_than_a_long_one()
    {
        // The cut falls on a document with a probability that grows with its length, so a slight preference remains; passing over would give twice as many.
        var documents = Enumerable.Range(0, 100).Select(i => new BufferedDocument("a", i % 2 == 0 ? $"{i:00}" : new string('x', 60) + $"{i:00}")).ToList();
        var (shortOnes, longOnes) = (0, 0);
        for (var seed = 0UL; seed < 300; seed++)
        {
            var buffer = ReplayBuffer.Build(documents, 1500, seed);
            shortOnes += buffer.Documents.Count(document => document.Text.Length == 2);
            longOnes += buffer.Documents.Count(document => document.Text.Length > 2);
        }

        Assert.InRange((double)shortOnes / longOnes, 0.95, 1.1);
    }

    [Fact]
    public void Merging_buffers_is_building_one_of_all_documents_in_any_order_and_the_budget_holds()
    {
        var (cut, whole) = (0, 0);
        for (var trial = 0UL; trial < 150; trial++)
        {
            var random = new Philox(trial, 7);
            var all = World(random);
            var budget = 40 + random.Integer(1, 1500);
            var expected = ReplayBuffer.Build(all, budget, trial);
            Assert.True(expected.Bytes <= budget, $"{expected.Bytes} of {budget}");
            Assert.Equal(expected.Bytes, expected.Documents.Sum(document => Encoding.UTF8.GetByteCount(document.Text)));
            AssertSame(expected, ReplayBuffer.Build(all.AsEnumerable().Reverse(), budget, trial));
            AssertSame(expected, ReplayBuffer.Build(all.OrderBy(document => document.Text, StringComparer.Ordinal), budget, trial));

            // Parts that overlap, merged in two orders, and one of them built with a larger budget.
            var parts = Enumerable.Range(0, 3).Select(part => all.Where((_, i) => random.Integer((ulong)(1000 + i), 3) == part || random.Integer((ulong)(9000 + i), 5) == part).ToList()).ToList();
            var (a, b, c) = (ReplayBuffer.Build(parts[0], budget, trial), ReplayBuffer.Build(parts[1], budget + 100, trial), ReplayBuffer.Build(parts[2], budget, trial));
            AssertSame(expected, ReplayBuffer.Merge(ReplayBuffer.Merge(a, b, budget), c, budget));
            AssertSame(expected, ReplayBuffer.Merge(c, ReplayBuffer.Merge(b, a, budget), budget));
            AssertSame(expected, ReplayBuffer.Merge(expected, a, budget));
            cut += expected.Sources.Count(source => !source.Complete);
            whole += expected.Sources.Count(source => source.Complete);
        }

        Assert.True(cut > 50 && whole > 50, $"{cut} sources were cut, {whole} were not: both are to be tested");
    }

    [Fact]
    public void A_huge_source_leaves_a_small_one_whole_and_takes_what_that_does_not_need()
    {
        var documents = Enumerable.Range(0, 1000).Select(i => new BufferedDocument("huge", $"huge {i:00000}"))
            .Concat(Enumerable.Range(0, 8).Select(i => new BufferedDocument("small", $"small {i:0000}"))).ToList();
        var buffer = ReplayBuffer.Build(documents, 1000, 3);
        Assert.Equal([new BufferedSource("huge", 92, 920, Complete: false), new BufferedSource("small", 8, 80, Complete: true)], buffer.Sources);

        // A second huge one: the two share equally, and the small one stays.
        var second = ReplayBuffer.Build(Enumerable.Range(0, 1000).Select(i => new BufferedDocument("new", $"new! {i:00000}")), 1000, 3);
        var merged = ReplayBuffer.Merge(buffer, second, 1000);
        Assert.Equal([46, 46, 8], merged.Sources.Select(source => source.Documents));

        // A larger budget can't bring back what is gone, nor does it give what is left another share.
        Assert.Equal([92, 8], ReplayBuffer.Merge(buffer, buffer, 5000).Sources.Select(source => source.Documents));
    }

    [Fact]
    public void A_document_larger_than_the_budget_is_refused()
    {
        var error = Assert.Throws<CoppiceException>(() => ReplayBuffer.Build([new("novel", "short"), new("novel", new string('é', 60))], 100, 1));
        Assert.Contains("'novel' has 120 bytes", error.Message, StringComparison.Ordinal);
        Assert.Contains("budget is 100", error.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, Assert.Throws<CoppiceException>(() => ReplayBuffer.Build([], 0, 1)).ExitCode);
        Assert.Contains("seeds 1 and 2", Assert.Throws<CoppiceException>(() => ReplayBuffer.Merge(ReplayBuffer.Build([], 9, 1), ReplayBuffer.Build([], 9, 2), 9)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_saved_is_loaded_and_becomes_token_stores()
    {
        using var folder = new TemporaryFolder();
        using (TokenStoreWriter.Build([new("1", "kept apart", "x")], Characters, folder.At("elsewhere/held.tokens")))
        {
        }

        var buffer = ReplayBuffer.Build(World(new Philox(5, 7)), 500, 5);
        buffer.AddHeldOut("b/é", folder.At("elsewhere/held.tokens"));
        buffer.Save(folder.At("replay"));
        Directory.Delete(folder.At("elsewhere"), recursive: true);

        var loaded = ReplayBuffer.Load(folder.At("replay"));
        AssertSame(buffer, loaded);
        Assert.Equal((500, 5UL), (loaded.BudgetBytes, loaded.Seed));
        using (var heldOut = TokenStore.Open(loaded.HeldOut["b/é"])) Assert.Equal("kept apart", Characters.Decode([.. heldOut.ReadText(0)]));

        // Again into the same folder, and from there into another.
        loaded.Save(folder.At("replay"));
        ReplayBuffer.Merge(buffer, ReplayBuffer.Load(folder.At("replay")), 500).Save(folder.At("other"));
        foreach (var file in Directory.GetFiles(folder.At("replay"))) Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(folder.At($"other/{Path.GetFileName(file)}")));

        var stores = loaded.ToStores(Characters, folder.At("stores"), threads: 2);
        Assert.Equal(loaded.Sources.Where(source => source.Documents > 0).Select(source => source.Name), stores.Select(store => store.Source));
        var texts = stores.SelectMany(store => Enumerable.Range(0, store.Store.DocumentCount).Select(i => new BufferedDocument(store.Source, Characters.Decode([.. store.Store.ReadText(i)]))));
        Assert.Equal(loaded.Documents, texts);
        foreach (var store in stores) store.Store.Dispose();
    }

    [Theory]
    [InlineData("documents.jsonl.gz")]
    [InlineData("corpus.json")]
    [InlineData("replay.json")]
    [InlineData("held-out-*.tokens")]
    public void A_file_that_is_missing_cut_off_or_changed_is_refused(string pattern)
    {
        using var folder = new TemporaryFolder();
        using (TokenStoreWriter.Build([new("1", "kept apart", "x")], Characters, folder.At("held.tokens")))
        {
        }

        var buffer = ReplayBuffer.Build(World(new Philox(5, 7)), 500, 5);
        buffer.AddHeldOut("b", folder.At("held.tokens"));
        buffer.Save(folder.At("replay"));
        var file = Directory.GetFiles(folder.At("replay"), pattern).Single();
        var bytes = File.ReadAllBytes(file);
        File.WriteAllBytes(file, bytes[..(bytes.Length / 2)]);
        AssertRefused();
        bytes[bytes.Length / 2] ^= 0x10;
        File.WriteAllBytes(file, bytes);
        if (pattern != "replay.json") AssertRefused();
        File.Delete(file);
        AssertRefused();

        void AssertRefused() => Assert.Contains(folder.At("replay"), Assert.Throws<CoppiceException>(() => ReplayBuffer.Load(folder.At("replay"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"budget_bytes\": 500", "\"budget_bytes\": 100")]
    [InlineData("\"budget_bytes\": 500", "\"budget_bytes\": -1")]
    [InlineData("\"version\": 1", "\"version\": 2")]
    [InlineData("\"seed\": 5", "\"seed\": 6")]
    [InlineData("\"version\": 1,", "")]
    [InlineData("\"s0\"", "\"another\"")]
    public void A_manifest_that_contradicts_the_documents_is_refused(string was, string becomes)
    {
        using var folder = new TemporaryFolder();
        ReplayBuffer.Build(World(new Philox(5, 7)), 500, 5).Save(folder.At("replay"));
        var manifest = File.ReadAllText(folder.At("replay/replay.json"));
        Assert.Contains(was, manifest, StringComparison.Ordinal);
        File.WriteAllText(folder.At("replay/replay.json"), manifest.Replace(was, becomes, StringComparison.Ordinal));
        Assert.Contains("can't be used", Assert.Throws<CoppiceException>(() => ReplayBuffer.Load(folder.At("replay"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Long_documents_come_in_pieces_that_put_together_are_the_text()
    {
        var text = string.Concat(Enumerable.Range(0, 300).Select(i => i % 7 == 0 ? $"line {i}.\n" : i % 5 == 0 ? "éé" : $"word{i} "));
        using var store = TokenStore.InMemory([new("1", text, "x"), new("2", "short", "x")], Characters);
        foreach (var length in new[] { 2, 50, 400, 100_000 })
        {
            var pieces = BufferedDocument.FromStore(store, Characters, "a", length).ToList();
            Assert.All(pieces, piece => Assert.True(piece.Source == "a" && piece.Text.Length > 0 && piece.Text.Length <= length));
            Assert.Equal(text + "short", string.Concat(pieces.Select(piece => piece.Text)));
            if (length == 400) Assert.All(pieces.SkipLast(2), piece => Assert.EndsWith("\n", piece.Text, StringComparison.Ordinal));
        }

        var other = CharacterTrainer.Train(["abc"]);
        Assert.Throws<CoppiceException>(() => BufferedDocument.FromStore(store, other, "a"));
    }

    // One to four sources of very different sizes, with a text that occurs twice.
    private static List<BufferedDocument> World(Philox random)
    {
        var documents = new List<BufferedDocument>();
        var sources = 1 + random.Integer(0, 4);
        for (var source = 0; source < sources; source++)
        {
            var count = 1 + random.Integer((ulong)(2 + source), 4 << (2 * source));
            documents.AddRange(Enumerable.Range(0, count).Select(i => new BufferedDocument($"s{source}", $"{i} " + new string('é', random.Integer((ulong)(100 + i), 12)))));
        }

        documents.Add(documents[0]);
        return documents;
    }

    private static void AssertSame(ReplayBuffer expected, ReplayBuffer actual)
    {
        Assert.Equal(expected.Sources, actual.Sources);
        Assert.Equal(expected.Documents, actual.Documents);
        Assert.Equal(expected.Reservoirs.Select(source => source.Value.Cut), actual.Reservoirs.Select(source => source.Value.Cut));
    }
}
