using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;
using Coppice.Training.Loop;
using Coppice.Training.Metrics;
using Coppice.Training.Recipes;

namespace Coppice.Training.Tests.Loop;

public sealed class EncoderRunTests
{
    private const string Yaml = """
        seed: 3
        model: { layers: 2, heads: 4, hidden_size: 32, dropout: 0.1 }
        tokenizer: { type: byte_bpe, vocabulary_size: 300 }
        data: { validation: { split: documents, share: 0.2 } }
        training: { steps: 24, batch_size: 4, sequence_length: 48, accumulation: 2, checkpoint_every: 5, log_every: 1 }
        optimizer: { learning_rate: 0.01, ema_decay: 0.5 }
        schedule: { name: cosine, warmup_steps: 4, final_learning_rate: 0.001 }
        evaluation: { every: 8 }
        """;

    [Theory]
    [InlineData("model.architecture=bert", "objective.unit=spans")]
    [InlineData("model.architecture=roberta", "objective.unit=words")]
    [InlineData("model.architecture=electra", "model.embedding_size=16")]
    [InlineData("model.architecture=electra", "model.tie_generator=true model.generator_share=1 model.generator_layers=1 objective.detection_weight=5")]
    [InlineData("model.architecture=electra", "objective.name=rts")]
    [InlineData("model.architecture=t5", "tokenizer.vocabulary_size=420")]
    public void A_run_that_is_interrupted_ends_with_the_same_bytes_and_the_model_is_read_again(string architecture, string options)
    {
        string[] settings = [architecture, .. options.Split(' ')];
        using var folder = new TemporaryFolder();
        var whole = Execute(folder, "whole", settings);
        Assert.False(whole.Interrupted);
        Assert.True(Execute(folder, "parts", settings, stopAfter: 7).Interrupted);
        Assert.True(Execute(folder, "parts", settings, stopAfter: 16).Interrupted);
        var rest = Execute(folder, "parts", [.. settings, "training.threads=1"]);
        Assert.Equal(whole.ValidationLoss, rest.ValidationLoss);
        foreach (var file in new[] { "model.safetensors", "config.json", "tokenizer.json" })
            Assert.Equal(Checksum.OfFile(Path.Combine(whole.Model, file)), Checksum.OfFile(Path.Combine(rest.Model, file)));

        var evaluations = MetricsFile.Read(folder.At("whole/metrics.jsonl")).OfType<EvaluationMetrics>().ToList();
        Assert.True(evaluations[^1].Loss < evaluations[0].Loss, $"the validation loss went from {evaluations[0].Loss} to {evaluations[^1].Loss}");
        using var backend = Backends.Create(threads: 1);
        using var model = ModelDirectory.Load(whole.Model, backend);
        Assert.False(model.Configuration.IsCausal);
        Assert.Equal(whole.ValidationBitsPerByte is not null, model is not ElectraModel);
    }

    [Fact]
    public void The_tokenizer_of_a_run_has_the_architectures_special_tokens_around_texts()
    {
        using var folder = new TemporaryFolder();
        var run = Execute(folder, "run", ["model.architecture=roberta", "training.steps=1"]);
        var tokenizer = Tokenizer.Load(run.Model);
        Assert.Equal(["<s>", "<pad>", "</s>", "<unk>", "<mask>"], Enumerable.Range(0, 5).Select(tokenizer.IdToToken));
        Assert.Equal((0, 2), (tokenizer.BeginOfText, tokenizer.EndOfText));
        var ids = tokenizer.EncodeWithSpecialTokens("The king");
        Assert.Equal((0, 2), (ids[0], ids[^1]));
        var configuration = (BertConfiguration)ModelDirectory.ReadConfiguration(run.Model);
        Assert.Equal((1, 2, 48), (configuration.PadToken, configuration.FirstPosition, configuration.MaxPositions));
    }

    [Fact]
    public void The_tokenizer_of_T5_has_sentinels_and_an_end_behind_texts()
    {
        using var folder = new TemporaryFolder();
        var run = Execute(folder, "run", ["model.architecture=t5", "tokenizer.vocabulary_size=420", "training.steps=1"]);
        var tokenizer = Tokenizer.Load(run.Model);
        Assert.Equal(["<pad>", "</s>", "<unk>", "<extra_id_0>"], Enumerable.Range(0, 4).Select(tokenizer.IdToToken));
        Assert.Equal(((int?)null, 1), (tokenizer.BeginOfText, tokenizer.EndOfText));
        Assert.Equal(100, Sentinels.Of(tokenizer).Count);
        var ids = tokenizer.EncodeWithSpecialTokens("The <extra_id_1> king");
        Assert.Contains(4, ids);
        Assert.Equal(1, ids[^1]);
        var configuration = (T5Configuration)ModelDirectory.ReadConfiguration(run.Model);
        Assert.Equal((0, 0, 1, true), (configuration.PadToken, configuration.DecoderStartToken, configuration.EndOfText, configuration.GatedGelu));
    }

    [Theory]
    [InlineData("bert", "[MASK]")]
    [InlineData("t5", "<extra_id_0>")]
    public void A_tokenizer_without_what_stands_for_the_hidden_is_refused_with_what_to_do(string architecture, string missing)
    {
        using var folder = new TemporaryFolder();
        var decoder = Execute(folder, "decoder", ["training.steps=1"]);
        var error = Assert.Throws<CoppiceException>(() => Execute(folder, "encoder", [$"model.architecture={architecture}", $"tokenizer.path={decoder.Model}"]));
        Assert.Contains(missing, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("model.architecture=bert", "tokenizer.vocabulary_size=300")]
    [InlineData("model.architecture=roberta", "tokenizer.vocabulary_size=300")]
    [InlineData("model.architecture=t5", "tokenizer.vocabulary_size=420")]
    public void Hidden_tokens_are_told_far_better_than_by_their_frequencies(string architecture, string vocabulary)
    {
        using var folder = new TemporaryFolder();
        var run = Execute(folder, "run", [architecture, vocabulary, "training.steps=4000", "model.dropout=0", "optimizer.ema_decay=0", "optimizer.learning_rate=0.004"]);
        var entropy = UnigramEntropy(folder.At("run/data/0-validation.tokens"));
        Assert.True(run.ValidationLoss < 0.5 * entropy, $"{run.ValidationLoss} nats a hidden token, and {entropy} by their frequencies");
    }

    /// <summary>The entropy of the distribution of a store's tokens, those around documents left out.</summary>
    private static double UnigramEntropy(string path)
    {
        using var store = TokenStore.Open(path);
        var tokens = new int[store.TokenCount];
        store.Read(0, tokens);
        var counts = tokens.Where(token => token != store.BeginOfText && token != store.EndOfText).CountBy(token => token).Select(count => (double)count.Value).ToList();
        return -counts.Sum(count => count / counts.Sum() * Math.Log(count / counts.Sum()));
    }

    private static PretrainResult Execute(TemporaryFolder folder, string run, string[] overrides, long? stopAfter = null)
    {
        var recipe = Recipe.Parse(Yaml, "recipe", overrides);
        recipe = recipe with { Data = recipe.Data with { Sources = [new SourceSection { Paths = [Text(folder)] }] } };
        using var cancellation = new CancellationTokenSource();
        var request = new PretrainRequest { Recipe = recipe, RunDirectory = folder.At(run), Resume = true };
        return new PretrainRun(request, [new Stopper(stopAfter, cancellation)]).Execute(cancellation.Token);
    }

    private static string Text(TemporaryFolder folder)
    {
        var path = folder.At("text.jsonl");
        if (File.Exists(path)) return path;
        string[] subjects = ["The king", "A shepherd", "My neighbour", "The old sailor", "Nobody"];
        string[] verbs = ["counted", "painted", "lost", "sold", "remembered"];
        string[] objects = ["the sheep", "a silver ring", "seven apples", "the last letter", "every road"];
        File.WriteAllLines(path, from s in subjects from v in verbs from o in objects select $$"""{"text": "{{s}} {{v}} {{o}}, and {{s.ToLowerInvariant()}} {{v}} it again."}""");
        return path;
    }

    private sealed class Stopper(long? after, CancellationTokenSource cancellation) : IRunObserver
    {
        public void Observe(RunEvent happened)
        {
            if (happened is StepMetrics && happened.Step == after) cancellation.Cancel();
        }
    }
}
