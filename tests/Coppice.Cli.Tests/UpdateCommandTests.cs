using System.Globalization;
using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Cli.Tests;

/// <summary>A tiny model that was pretrained once for all tests of updates.</summary>
public sealed class UpdateFiles : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public UpdateFiles()
    {
        Old = _folder.Write("old.jsonl", string.Concat(Enumerable.Range(0, 400).Select(i => $$"""{"text": "The number {{i}} comes after {{i - 1}} and before {{i + 1}}."}""" + "\n")));
        New = _folder.Write("new.jsonl", string.Concat(Enumerable.Range(0, 300).Select(i => $$"""{"text": "Line {{i}} of the second source says that {{i % 7}} is the day."}""" + "\n")));
        Recipe = _folder.Write("pretrain.yaml", """
            seed: 3
            model: { layers: 1, heads: 2, hidden_size: 32 }
            tokenizer: { vocabulary_size: 300 }
            training: { steps: 80, batch_size: 8, sequence_length: 32 }
            optimizer: { learning_rate: 0.01 }
            schedule: { name: wsd, warmup_steps: 5 }
            evaluation: { sample_prompts: [] }
            """);
        var run = CommandRun.Of("pretrain", Recipe, Old, "-o", At("base"), "--json");
        if (run.ExitCode != 0) throw new InvalidOperationException(run.Error);
    }

    public string Old { get; }

    public string New { get; }

    public string Recipe { get; }

    public string At(string relative) => _folder.At(relative);

    public void Dispose() => _folder.Dispose();
}

public sealed class UpdateCommandTests(UpdateFiles files) : IClassFixture<UpdateFiles>
{
    private static readonly string[] Quick = ["--set", "training.steps=30", "--set", "evaluation.points=3", "--set", "evaluation.memorisation=false", "--set", "evaluation.sample_tokens=8"];

    [Fact]
    public void An_accepted_update_prints_one_object_and_ends_with_0()
    {
        var run = Update("accepted", [.. Quick, "--max-forgetting", "50%", "--json"]);
        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        var result = run.Json;
        Assert.True(result.GetProperty("accepted").GetBoolean());
        Assert.Equal(files.At("accepted/model"), result.GetProperty("model").GetString());
        Assert.Equal(30 * 8 * 32, result.GetProperty("tokens").GetInt64());
        Assert.True(result.GetProperty("seconds").GetDouble() > 0);
        Assert.Equal(["old", "new"], result.GetProperty("sources").EnumerateArray().Select(source => source.GetProperty("name").GetString()));
        Assert.Equal([false, true], result.GetProperty("sources").EnumerateArray().Select(source => source.GetProperty("new").GetBoolean()));
        foreach (var source in result.GetProperty("sources").EnumerateArray())
        {
            var (before, after) = (source.GetProperty("bits_per_byte_before").GetDouble(), source.GetProperty("bits_per_byte_after").GetDouble());
            Assert.True(source.GetProperty("bits_per_byte_worst").GetDouble() >= after);
            Assert.Equal(100 * (after / before - 1), source.GetProperty("change_percent").GetDouble(), 1e-9);
        }

        Assert.True(File.Exists(files.At("accepted/report.html")));
        var lineage = CommandRun.Of("lineage", files.At("accepted"), "--json");
        Assert.True(lineage.ExitCode == 0, lineage.Error);
        Assert.Equal(2, lineage.Json.GetProperty("versions").GetArrayLength());
        Assert.Equal("intact", lineage.Json.GetProperty("versions")[0].GetProperty("state").GetString());
        Assert.Equal(2, lineage.Json.GetProperty("bits_per_byte")[0].GetArrayLength());
        Assert.Contains("intact", CommandRun.Of("lineage", files.At("accepted")).Output, StringComparison.Ordinal);

        var restore = CommandRun.Of("lineage", files.At("accepted"), "--restore", "0", "-o", files.At("restored"));
        Assert.True(restore.ExitCode == 0, restore.Error);
        Assert.Equal(Checksum.OfFile(files.At("base/model/model.safetensors")), Checksum.OfFile(files.At("restored/model.safetensors")));
        Assert.Equal(2, CommandRun.Of("lineage", files.At("accepted"), "--restore", "2", "-o", files.At("no")).ExitCode);
    }

    [Fact]
    public void A_refused_update_ends_with_3_and_says_which_bar_broke_and_what_may_help()
    {
        var run = Update("refused", [.. Quick, "--share", "0", "--set", "optimizer.learning_rate=0.03", "--set", "protection.interpolate=never"]);
        Assert.True(run.ExitCode == 3, run.Error + run.Output);
        foreach (var expected in new[] { "REFUSED: the parent stays the released model", "broken: forgetting of old", "What may help:", "--share 0.5", files.At("base/model"), files.At("refused/candidate"), files.At("refused/report.html") })
        {
            Assert.Contains(expected, run.Output, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("replay.share", "--share", "150%")]
    [InlineData("'half' is no share", "--share", "half")]
    [InlineData("'much' is no amount of bytes", "--replay-budget", "much")]
    [InlineData("stability", "--preset", "stabilty")]
    [InlineData("did you mean", "--set", "replay.shar=0.5")]
    [InlineData("--pairs FILE", "--max-negative-flips", "3%")]
    [InlineData("generated", "--replay", "nothing")]
    public void A_wrong_option_ends_with_2_and_one_line(string expected, params string[] options)
    {
        var run = Update("wrong", options);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
        Assert.False(Directory.Exists(files.At("wrong")));
    }

    [Fact]
    public void Without_a_model_or_a_folder_it_ends_with_2()
    {
        Assert.Equal(2, CommandRun.Of("update", "--data", files.New, "-o", files.At("none")).ExitCode);
        Assert.Equal(2, CommandRun.Of("update", files.At("base"), "--data", files.New).ExitCode);
        Assert.Equal(2, CommandRun.Of("update", "--resume", "-o", files.At("none")).ExitCode);
        Assert.Equal(2, CommandRun.Of("lineage", files.At("base"), "--restore", "0").ExitCode);
    }

    [Fact]
    public void A_dry_run_prints_the_resolved_recipe_and_writes_nothing()
    {
        var run = Update("dry", ["--share", "30%", "--grow-vocabulary", "5", "--dry-run"]);
        Assert.True(run.ExitCode == 0, run.Error);
        foreach (var expected in new[] { "share: 0.3", "grow: 5", "learning_rate: 0.005", "name: new" }) Assert.Contains(expected, run.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(files.At("dry")));
    }

    [Fact]
    public void A_child_with_new_tokens_is_evaluated_like_any_model()
    {
        var run = Update("grown", [.. Quick, "--grow-vocabulary", "30", "--max-forgetting", "1000%", "--json"]);
        Assert.True(run.ExitCode == 0, run.Error);
        var evaluate = CommandRun.Of("evaluate", files.At("grown/model"), "--data", files.New, "--json");
        Assert.True(evaluate.ExitCode == 0, evaluate.Error);
    }

    [Fact]
    public void Ctrl_C_saves_and_says_how_to_go_on()
    {
        string[] options = ["--set", "training.steps=900", "--set", "evaluation.points=0", "--set", "training.log_every=1", "--max-forgetting", "1000%"];
        var run = CommandRun.Interrupted("step 1/900", ["update", files.At("base"), "--data", files.New, "-o", files.At("interrupted"), .. options]);
        Assert.True(run.ExitCode == 130, run.Error);
        Assert.Contains("coppice update --resume -o", run.Error, StringComparison.Ordinal);
        Assert.Equal(0, CommandRun.Of("update", "--resume", "-o", files.At("interrupted")).ExitCode);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Threads_and_SIGKILL_leave_no_trace_in_the_updated_model()
    {
        string[] options =
        [
            "--set", "training.steps=60", "--set", "training.checkpoint_every=7", "--set", "training.log_every=1", "--set", "training.batch_size=16", "--max-forgetting", "1000%", "--set", "gate.max_forgetting_overall=10",
            "--set", "protection.ewc_nats=0.01", "--set", "protection.l2=0.001", "--set", "protection.kl_on_new=0.1", "--set", "evaluation.points=5",
        ];
        var one = Weights(Update("one", [.. options, "--threads", "1", "--json"]));
        Assert.Equal(one, Weights(Update("two", [.. options, "--threads", "2", "--json"])));
        foreach (var step in new[] { 3, 19, 44 })
        {
            CommandRun.Killed(() => HasDone("killed", step), ["update", files.At("base"), "--data", files.New, "-o", files.At("killed"), "--resume", .. options]);
            Assert.False(Directory.Exists(files.At("killed/model")), "the update ended before it was killed");
        }

        Assert.Equal(one, Weights(Update("killed", [.. options, "--resume", "--json"])));
    }

    private CommandRun Update(string run, params string[] options) => CommandRun.Of(["update", files.At("base"), "--data", files.New, "-o", files.At(run), .. options]);

    private static string Weights(CommandRun run)
    {
        Assert.True(run.ExitCode == 0, run.Error);
        return Checksum.OfFile(Path.Combine(run.Json.GetProperty("model").GetString()!, "model.safetensors"));
    }

    private bool HasDone(string run, int step)
    {
        var metrics = files.At(run + "/metrics.jsonl");
        if (!File.Exists(metrics)) return false;
        using var reader = new StreamReader(new FileStream(metrics, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return reader.ReadToEnd().Contains(string.Create(CultureInfo.InvariantCulture, $"\"step\":{step},"), StringComparison.Ordinal);
    }
}
