using Coppice.Foundation;
using Coppice.Testing;
using Coppice.Training.Checkpoints;
using Coppice.Training.Loop;
using Coppice.Training.Metrics;
using Coppice.Training.Recipes;

namespace Coppice.Training.Tests.Loop;

public sealed class PretrainRunTests
{
    private const string Yaml = """
        seed: 3
        model: { architecture: gpt2, layers: 2, heads: 2, hidden_size: 32, dropout: 0.1 }
        tokenizer: { type: byte_bpe, vocabulary_size: 300 }
        data: { validation: { split: documents, share: 0.2 } }
        training: { steps: 24, batch_size: 4, sequence_length: 32, accumulation: 2, checkpoint_every: 5, log_every: 1 }
        optimizer: { learning_rate: 0.01, ema_decay: 0.9 }
        schedule: { name: cosine, warmup_steps: 4, final_learning_rate: 0.001 }
        evaluation: { every: 8, sample_prompts: [] }
        """;

    [Fact]
    public void A_run_that_is_interrupted_often_ends_with_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        var whole = Execute(folder, "whole", resume: false);
        Assert.False(whole.Interrupted);
        Assert.Equal(24, whole.Steps);
        Assert.True(whole.ValidationBitsPerByte < 8);

        var interruptions = 0;
        foreach (var stopAfter in new long[] { 1, 3, 9, 17 })
        {
            if (Execute(folder, "parts", resume: true, stopAfter).Interrupted) interruptions++;
        }

        var rest = Execute(folder, "parts", resume: true);
        Assert.Equal(4, interruptions);
        Assert.Equal(whole.ValidationLoss, rest.ValidationLoss);
        Assert.Equal(Checksum.OfFile(Weights(whole)), Checksum.OfFile(Weights(rest)));
        Assert.Equal(Untimed(folder.At("whole/metrics.jsonl")), Untimed(folder.At("parts/metrics.jsonl")));
        Assert.Equal(File.ReadAllText(Path.Combine(whole.Model, "coppice.json")), File.ReadAllText(Path.Combine(rest.Model, "coppice.json")));
    }

    [Fact]
    public void A_torn_checkpoint_is_refused_by_name_and_the_one_before_used()
    {
        using var folder = new TemporaryFolder();
        var whole = Execute(folder, "whole", resume: false);
        Assert.True(Execute(folder, "torn", resume: false, stopAfter: 11).Interrupted);
        var newest = folder.At("torn/checkpoints/step-00000011");
        var weights = Path.Combine(newest, "model.safetensors");
        using (var stream = new FileStream(weights, FileMode.Open)) stream.SetLength(stream.Length - 1000);
        var notices = new List<string>();
        var resumed = Execute(folder, "torn", resume: true, notice: notices.Add);
        Assert.Contains(notices, notice => notice.Contains(newest, StringComparison.Ordinal) && notice.Contains("refused", StringComparison.Ordinal));
        Assert.Contains(notices, notice => notice.Contains("going on from step 10", StringComparison.Ordinal));
        Assert.Equal(Checksum.OfFile(Weights(whole)), Checksum.OfFile(Weights(resumed)));
    }

    [Fact]
    public void Another_recipe_does_not_go_on_with_a_run()
    {
        using var folder = new TemporaryFolder();
        Execute(folder, "run", resume: false, stopAfter: 2);
        var error = Assert.Throws<CoppiceException>(() => Execute(folder, "run", resume: true, overrides: ["optimizer.learning_rate=0.02"]));
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.Contains("learning_rate", error.Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => Execute(folder, "run", resume: false));
    }

    [Fact]
    public void A_start_that_failed_leaves_nothing_in_the_way_of_the_next()
    {
        using var folder = new TemporaryFolder();
        var recipe = Parse(folder, []);
        var wrong = recipe with { Data = recipe.Data with { Sources = [new SourceSection { Paths = [folder.At("nowhere.txt")] }] } };
        var error = Assert.Throws<CoppiceException>(() => new PretrainRun(new PretrainRequest { Recipe = wrong, RunDirectory = folder.At("run") }).Execute(CancellationToken.None));
        Assert.Contains("nowhere.txt", error.Message, StringComparison.Ordinal);
        Assert.Equal(24, Execute(folder, "run", resume: false).Steps);
    }

    [Fact]
    public void Steps_that_blow_up_end_the_run_with_the_checkpoints_intact()
    {
        using var folder = new TemporaryFolder();
        var error = Assert.Throws<CoppiceException>(() => Execute(
            folder, "run", resume: false, overrides: ["optimizer.learning_rate=1000", "optimizer.clip_norm=0", "optimizer.name=sgd", "training.max_skipped_steps=3", "training.checkpoint_every=1"]));
        Assert.Contains("skipped", error.Message, StringComparison.Ordinal);
        var events = MetricsFile.Read(folder.At("run/metrics.jsonl")).ToList();
        Assert.True(events.OfType<RunWarning>().Count() >= 3);
        Assert.NotNull(new CheckpointStore(folder.At("run")).LoadLatest());
    }

    [Fact]
    public void Two_sources_are_mixed_by_their_weights_and_named_in_the_provenance()
    {
        using var folder = new TemporaryFolder();
        folder.Write("b.txt", string.Join("\n", Enumerable.Range(0, 400).Select(i => $"{i} times {i} is {i * i}.")));
        var recipe = Parse(folder, ["data.validation.split=tail"]);
        recipe = recipe with
        {
            Data = recipe.Data with
            {
                Sources = [new SourceSection { Name = "words", Paths = [Text(folder)], Weight = 3 }, new SourceSection { Name = "sums", Paths = [folder.At("b.txt")] }],
            },
        };
        var result = new PretrainRun(new PretrainRequest { Recipe = recipe, RunDirectory = folder.At("run") }).Execute(CancellationToken.None);
        var provenance = Models.Provenance.Load(result.Model);
        Assert.Equal(["words", "sums"], provenance!.Sources.Select(source => source.Name));
        Assert.All(provenance.Sources, source => Assert.True(source.Tokens > 0));
    }

    private static PretrainResult Execute(TemporaryFolder folder, string run, bool resume, long? stopAfter = null, Action<string>? notice = null, string[]? overrides = null)
    {
        using var cancellation = new CancellationTokenSource();
        var request = new PretrainRequest { Recipe = Parse(folder, overrides ?? []), RunDirectory = folder.At(run), Resume = resume, Notice = notice ?? (_ => { }) };
        var stopper = new Stopper(stopAfter, cancellation);
        return new PretrainRun(request, [stopper]).Execute(cancellation.Token);
    }

    private static Recipe Parse(TemporaryFolder folder, string[] overrides)
    {
        var recipe = Recipe.Parse(Yaml, "recipe", overrides);
        return recipe with { Data = recipe.Data with { Sources = [new SourceSection { Paths = [Text(folder)] }] } };
    }

    /// <summary>A few hundred short documents with something to learn.</summary>
    private static string Text(TemporaryFolder folder)
    {
        var path = folder.At("text.jsonl");
        if (!File.Exists(path))
        {
            string[] subjects = ["The king", "A shepherd", "My neighbour", "The old sailor", "Nobody"];
            string[] verbs = ["counted", "painted", "lost", "sold", "remembered"];
            string[] objects = ["the sheep", "a silver ring", "seven apples", "the last letter", "every road"];
            var lines = from s in subjects from v in verbs from o in objects select $$"""{"text": "{{s}} {{v}} {{o}}, and {{s.ToLowerInvariant()}} {{v}} it again."}""";
            File.WriteAllLines(path, lines);
        }

        return path;
    }

    private static string Weights(PretrainResult result) => Path.Combine(result.Model, "model.safetensors");

    private static List<string> Untimed(string metrics) =>
        [.. MetricsFile.Read(metrics).Select(happened => happened is StepMetrics step ? step with { TokensPerSecond = 0 } : happened).Select(MetricsFile.ToLine)];

    private sealed class Stopper(long? after, CancellationTokenSource cancellation) : IRunObserver
    {
        public void Observe(RunEvent happened)
        {
            if (happened is StepMetrics && happened.Step == after) cancellation.Cancel();
        }
    }
}
