using Coppice.Continual.Replay;
using Coppice.Continual.Tests.Toy;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Continual.Tests.Replay;

public sealed class GeneratedReplayTests : IDisposable
{
    private const int Context = 24;
    private static readonly Tokenizer Characters = CharacterTrainer.Train(["abcdefghijklmnopqrstuvwxyz .,"]);
    private readonly TemporaryFolder _folder = new();
    private readonly Backend _backend = Backends.Create(threads: 1);

    public void Dispose()
    {
        _backend.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void The_documents_depend_on_the_seed_alone_and_the_first_ones_not_on_how_many_there_are()
    {
        var options = new GeneratedReplayOptions { Tokens = 600, Seed = 3, Starts = ["a", "b", "b"] };
        List<string> Texts(GeneratedReplayOptions wanted, int threads)
        {
            using var backend = Backends.Create(threads);
            using var model = Parent(backend);
            using var store = GeneratedReplay.Write(model, Characters, wanted, _folder.At("g.tokens"), _ => { });
            Assert.True(store.TokenCount >= wanted.Tokens);
            Assert.Equal(GeneratedReplay.SourceName, Assert.Single(store.Sources).Name);
            return TextsOf(store);
        }

        var texts = Texts(options, 1);
        Assert.Equal(texts, Texts(options, 3));
        Assert.Equal(texts[..5], Texts(options with { Tokens = 1200 }, 1)[..5]);
        Assert.NotEqual(texts[..5], Texts(options with { Seed = 4 }, 1)[..5]);
        Assert.Equal(texts.Distinct(), texts);
        Assert.All(texts, text => Assert.True(text[0] is 'a' or 'b'));
        Assert.InRange(texts.Count(text => text[0] == 'b') / (double)texts.Count, 0.4, 0.9);
    }

    [Fact]
    public void The_loss_of_the_parent_on_what_it_wrote_is_its_entropy()
    {
        using var model = Parent(_backend);
        var options = new GeneratedReplayOptions { Tokens = 8000, TopP = 1, MaxDocumentTokens = Context - 1, MinDistinctShare = 0, Starts = ["a", "m", "z"] };
        var (loss, entropy) = LossAndEntropy(model, options);
        // About 350 documents of 23 tokens; a token's loss strays from its entropy by about a nat.
        Assert.Equal(entropy, loss, 0.05);
        var (coldLoss, coldEntropy) = LossAndEntropy(model, options with { Temperature = 0.5 });
        Assert.True(coldLoss < coldEntropy - 0.2, $"{coldLoss} of {coldEntropy}: what is drawn below temperature 1 is too easy");
    }

    [Fact]
    public void Repetitive_texts_are_dropped_and_told()
    {
        using var model = Parent(_backend);
        var notices = new List<string>();
        var options = new GeneratedReplayOptions { Tokens = 2000, Temperature = 0.8, TopP = 1, MinDistinctShare = 1, Starts = ["a", "b"] };
        using (var all = GeneratedReplay.Write(model, Characters, options with { MinDistinctShare = 0 }, _folder.At("all.tokens"), notices.Add))
        using (var some = GeneratedReplay.Write(model, Characters, options, _folder.At("some.tokens"), notices.Add))
        {
            Assert.Contains(TextsOf(all), text => !AllDifferent(text));
            Assert.All(TextsOf(some), text => Assert.True(AllDifferent(text)));
        }

        Assert.Contains(notices, notice => notice.Contains("dropped: 0 repetitive", StringComparison.Ordinal));
        Assert.DoesNotContain("dropped: 0 repetitive", notices[^1], StringComparison.Ordinal);
        Assert.InRange(notices.Count(notice => notice.EndsWith(" of 2000 tokens", StringComparison.Ordinal)), 10, 20);

        // The first letter was given, not written.
        static bool AllDifferent(string text) => Enumerable.Range(1, Math.Max(0, text.Length - 4)).Select(i => text.Substring(i, 4)).Distinct().Count() == Math.Max(0, text.Length - 4);
    }

    [Fact]
    public void A_parent_that_always_writes_the_same_ends_soon_with_one_document()
    {
        using var model = Parent(_backend);
        var notices = new List<string>();
        using (var store = GeneratedReplay.Write(model, Characters, new GeneratedReplayOptions { Tokens = 1000, Temperature = 0, MinDistinctShare = 0 }, _folder.At("g.tokens"), notices.Add))
        {
            Assert.Equal(1, store.DocumentCount);
        }

        Assert.StartsWith("generated replay: 1 documents", notices[^1], StringComparison.Ordinal);
        var error = Assert.Throws<CoppiceException>(() => GeneratedReplay.Write(
            model, Characters, new GeneratedReplayOptions { Tokens = 100, Temperature = 0, MinDistinctShare = 1, MaxDocumentTokens = 200 }, _folder.At("none.tokens"), notices.Add));
        Assert.Contains("nothing can be replayed", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.At("none.tokens")));
    }

    [Fact]
    public void Options_that_mean_nothing_are_refused_and_a_cancelled_run_leaves_no_file()
    {
        using var model = Parent(_backend);
        var options = new GeneratedReplayOptions { Tokens = 100 };
        foreach (var wrong in new[] { options with { Tokens = 0 }, options with { MaxDocumentTokens = -1 }, options with { MinDistinctShare = double.NaN }, options with { TopP = 0 }, options with { Temperature = -1 } })
        {
            var error = Assert.Throws<CoppiceException>(() => GeneratedReplay.Write(model, Characters, wrong, _folder.At("g.tokens"), _ => { }));
            Assert.Equal(ExitCode.Usage, error.ExitCode);
        }

        Assert.Throws<OperationCanceledException>(() => GeneratedReplay.Write(model, Characters, options, _folder.At("g.tokens"), _ => { }, new CancellationToken(canceled: true)));
        Assert.Empty(Directory.GetFiles(_folder.Root));
    }

    [Fact]
    public void Starts_are_first_words_as_often_as_they_are() =>
        Assert.Equal(["The", "The", "\n A"], GeneratedReplay.StartsOf(["The cat", "The", "\n A dog", "", new string('x', 100)]));

    [Fact, Trait("Category", "Slow")]
    public void What_the_parent_writes_protects_almost_as_well_as_its_text()
    {
        // The sheet's toy: 7.7 without replay, 2.2 with a tenth of generated text, 2.2 with a tenth of real text.
        using var world = new MarkovWorld();
        var symbols = Enumerable.Range(0, MarkovSource.Symbols).Select(symbol => ((char)('0' + symbol)).ToString()).ToList();
        var tokenizer = CharacterTrainer.Train(symbols);
        var options = new GeneratedReplayOptions { Tokens = 40_000, TopP = 1, MaxDocumentTokens = MarkovWorld.SequenceLength - 1, Starts = symbols };
        using var generated = GeneratedReplay.Write(world.Parent, tokenizer, options, _folder.At("g.tokens"), _ => { });
        using var replayed = TokenStore.InMemory(
            Enumerable.Range(0, generated.DocumentCount).Select(i => new Document("", tokenizer.Decode([.. generated.ReadText(i)]), "A")), new ToyTokenizer(world.Sources[0].Training.TokenizerFingerprint));
        var none = world.Update(new UpdateArm());
        var real = world.Update(new UpdateArm { ReplayShare = 0.1 });
        var own = world.Update(new UpdateArm { ReplayShare = 0.1, Replayed = replayed });
        Assert.True(own.Old < none.Old - 2, $"generated {own.Old}, none {none.Old}");
        Assert.InRange(own.Old, real.Old - 0.3, real.Old + 0.3);
        Assert.InRange(own.New, real.New - 0.1, real.New + 0.1);
    }

    private static LanguageModel Parent(Backend backend) => TinyModels.Create(
        (Gpt2Configuration)TinyModels.Configuration("gpt2", Characters.VocabularySize, Context) with { BeginOfText = null, EndOfText = null }, backend);

    private static List<string> TextsOf(TokenStore store) => [.. Enumerable.Range(0, store.DocumentCount).Select(i => Characters.Decode([.. store.ReadText(i)]))];

    private (double Loss, double Entropy) LossAndEntropy(LanguageModel model, GeneratedReplayOptions options)
    {
        using var store = GeneratedReplay.Write(model, Characters, options, _folder.At("g.tokens"), _ => { });
        var (loss, entropy, count) = (0.0, 0.0, 0);
        for (var document = 0; document < store.DocumentCount; document++)
        {
            int[] tokens = [.. store.ReadText(document)];
            var logits = TinyModels.Logits(model, tokens);
            for (var i = 1; i < tokens.Length; i++)
            {
                var row = logits.AsSpan((i - 1) * model.Configuration.VocabularySize, model.Configuration.VocabularySize).ToArray();
                var total = Math.Log(row.Sum(logit => Math.Exp(logit)));
                loss += total - row[tokens[i]];
                entropy += row.Sum(logit => Math.Exp(logit - total) * (total - logit));
                count++;
            }
        }

        return (loss / count, entropy / count);
    }

    private sealed class ToyTokenizer(string fingerprint) : ITokenizer
    {
        public int VocabularySize => MarkovSource.Symbols;

        public int? BeginOfText => null;

        public int? EndOfText => null;

        public string Fingerprint => fingerprint;

        public void Encode(ReadOnlySpan<char> text, List<int> ids)
        {
            foreach (var character in text) ids.Add(character - '0');
        }

        public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true) => throw new NotSupportedException();
    }
}
