using Coppice.Continual.Vocabulary;
using Coppice.Corpus;
using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Continual.Tests.Vocabulary;

public sealed class VocabularyGrowthTests : IDisposable
{
    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    [Fact]
    public void A_grown_model_directory_opens_again()
    {
        var tokenizer = BpeTrainer.Train(["the wood grows again"], new BpeTrainerOptions { VocabularySize = 262, Threads = 1 });
        using var model = TinyModels.Create("llama", _backend, tokenizer.VocabularySize);
        var documents = Enumerable.Range(0, 30).Select(i => new Document($"{i}", "Das Gesetz über das Holz.", "new"));
        using var growth = VocabularyGrowth.Grow(model, tokenizer, documents, new VocabularyGrowthOptions { Tokens = 12, Trainable = true });
        Assert.Equal(12, growth.Report.TokensAdded);
        Assert.Equal(growth.Report.Before.Bytes, growth.Report.After.Bytes);
        Assert.True(growth.Report.After.Tokens < growth.Report.Before.Tokens);
        Assert.InRange(growth.Report.Share.Probability, 1e-9, 0.99);
        using var mask = growth.FirstStage(10, norms: true);
        using var folder = new TemporaryFolder();
        growth.Save(folder.Root);
        using var read = ModelDirectory.Load(folder.Root, _backend);
        Assert.Equal(growth.Tokenizer.Fingerprint, Tokenizer.Load(folder.Root).Fingerprint);
        Assert.Equal(growth.Model.Configuration, read.Configuration);
        Assert.Equal(growth.Model.Embedding.Tensor.ToArray(), read.Embedding.Tensor.ToArray());
    }

    [Fact]
    public void Text_without_frequent_pairs_adds_nothing()
    {
        var tokenizer = BpeTrainer.Train(["the wood grows again"], new BpeTrainerOptions { VocabularySize = 262, Threads = 1 });
        using var model = TinyModels.Create("gpt2", _backend, tokenizer.VocabularySize);
        using var growth = VocabularyGrowth.Grow(model, tokenizer, [new Document("1", "abc", "new")], new VocabularyGrowthOptions { Tokens = 12 });
        Assert.Equal((0, 0.0), (growth.Report.TokensAdded, growth.Report.Share.Probability));
        Assert.Equal(model.Configuration, growth.Model.Configuration);
    }

    [Fact]
    public void A_wrong_initializer_is_refused_before_the_text_is_read()
    {
        var tokenizer = BpeTrainer.Train(["the wood grows again"], new BpeTrainerOptions { VocabularySize = 262, Threads = 1 });
        using var model = TinyModels.Create("gpt2", _backend, tokenizer.VocabularySize);
        var unread = Enumerable.Range(0, 1).Select<int, Document>(_ => throw new InvalidOperationException());
        Assert.Throws<CoppiceException>(() => VocabularyGrowth.Grow(model, tokenizer, unread, new VocabularyGrowthOptions { Tokens = 12, Initializer = "zeros" }));
    }

    [SharedDataFact("data/text/german-law.jsonl.gz")]
    public void An_English_tokenizer_grown_by_German_text_takes_more_bytes_a_token_of_it()
    {
        foreach (var style in (BpeStyle[])[BpeStyle.Gpt2, BpeStyle.Llama])
        {
            var english = BpeTrainer.Train(Read("data/text/dc-law.jsonl.gz", 200), new BpeTrainerOptions { VocabularySize = 2000, Style = style });
            var extended = VocabularyExtension.Extend(english, Read("data/text/german-law.jsonl.gz", 60), new VocabularyExtensionOptions { Tokens = 1000 });
            Assert.Equal(1000, extended.Pieces.Count);
            // Laws that the tokens were not learnt from.
            var held = Read("data/text/german-law.jsonl.gz", 90)[60..];
            var (before, after) = (TokenizerFit.Measure(english, held), TokenizerFit.Measure(extended.Tokenizer, held));
            Assert.True(after.BytesPerToken > 1.3 * before.BytesPerToken, $"{before.BytesPerToken} to {after.BytesPerToken} bytes a token");
            Assert.True(after.Fertility < before.Fertility && after.ByteShare < before.ByteShare);
        }
    }

    [SharedDataFact("models/stories260k")]
    public void A_real_model_predicts_new_tokens_best_from_means_of_pieces()
    {
        var directory = SharedData.At("models/stories260k");
        using var model = ModelDirectory.Load(directory, _backend);
        var tokenizer = Tokenizer.Load(directory);
        const string Story = "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball.";
        var document = new Document("story", Story, "stories");
        var growing = Enumerable.Repeat(Story, 10);
        var extended = VocabularyExtension.Extend(tokenizer, growing, new VocabularyExtensionOptions { Tokens = 16, MinFrequency = 10 });
        var before = Score(model, tokenizer);
        var after = RowInitializers.Names.ToDictionary(name => name, name =>
        {
            using var grown = VocabularySurgery.Grow(model, extended, name);
            return (Old: Score(grown, tokenizer), New: Score(grown, extended.Tokenizer), Share: NewTokenShare.Measure(grown, extended.Tokenizer, [document], extended.FirstNewId, 16));
        });
        Assert.All(after.Values, score => Assert.InRange(score.Old, before, 1.05 * before));
        Assert.True(after["pieces"].New < after["random"].New && after["pieces"].New < after["mean"].New);
        Assert.InRange(after["mean"].Share.Probability, 0, 16.0 / (tokenizer.VocabularySize + 16));

        double Score(LanguageModel scored, Tokenizer encoding)
        {
            using var evaluator = new TextEvaluator(scored, encoding);
            return evaluator.Evaluate([document]).Total.BitsPerByte;
        }
    }

    private static List<string> Read(string file, int count)
    {
        var documents = new CorpusPipeline([new CorpusInput(SharedData.At(file), "text")]).Run(new CorpusReport());
        return [.. documents.Take(count).Select(document => document.Text)];
    }
}
