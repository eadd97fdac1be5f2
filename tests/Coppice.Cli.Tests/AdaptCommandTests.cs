using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Cli.Tests;

/// <summary>A tiny model and examples of a task, made once for all tests of adapting.</summary>
public sealed class AdaptFiles : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public AdaptFiles()
    {
        var text = _folder.Write("text.jsonl", string.Concat(Enumerable.Range(0, 200).Select(i => $$"""{"text": "The number {{i}} is {{(i % 2 == 0 ? "even" : "odd")}}."}""" + "\n")));
        var recipe = _folder.Write("pretrain.yaml", """
            model: { layers: 1, heads: 2, hidden_size: 32 }
            tokenizer: { vocabulary_size: 280 }
            training: { steps: 20, batch_size: 8, sequence_length: 32 }
            evaluation: { sample_prompts: [] }
            """);
        var run = CommandRun.Of("pretrain", recipe, text, "-o", At("run"), "--json");
        if (run.ExitCode != 0) throw new InvalidOperationException(run.Error);
        Data = _folder.Write("data.jsonl", Examples(0, 60));
        Test = _folder.Write("test.jsonl", Examples(60, 30));
    }

    public string Model => At("run/model");

    public string Data { get; }

    public string Test { get; }

    public string At(string relative) => _folder.At(relative);

    public string Write(string relative, string text) => _folder.Write(relative, text);

    public void Dispose() => _folder.Dispose();

    private static string Examples(int first, int count) => string.Concat(Enumerable.Range(first, count).Select(i => $$"""{"text": "The number {{i}}.", "label": "{{(i % 2 == 0 ? "even" : "odd")}}"}""" + "\n"));
}

public sealed class AdaptCommandTests(AdaptFiles files) : IClassFixture<AdaptFiles>
{
    [Fact]
    public void An_adapter_is_trained_measured_and_verified()
    {
        var run = Adapt("lora", "--validation", files.Test, "--json", "--set", "training.epochs=2");
        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        var result = run.Json;
        Assert.Equal(("classification", "lora", "accuracy"), (result.GetProperty("task").GetString(), result.GetProperty("method").GetString(), result.GetProperty("metric").GetString()));
        Assert.Equal(16, result.GetProperty("steps").GetInt64());
        // A rank of 8 on two projections of 32 inputs and outputs, and a head of 2 · 32 + 2.
        Assert.Equal(2 * 8 * 64 + 66, result.GetProperty("trained_parameters").GetInt64());
        Assert.False(result.GetProperty("interrupted").GetBoolean());
        foreach (var file in new[] { "adapter_config.json", "adapter_model.safetensors", "head.safetensors", "tokenizer.json", "coppice.json", "recipe.yaml", "metrics.jsonl", "report.html" })
            Assert.True(File.Exists(Path.Combine(files.At("lora"), file)), file);

        var measured = CommandRun.Of("evaluate", files.At("lora"), "--data", files.Test, "--json");
        Assert.True(measured.ExitCode == 0, measured.Error);
        var accuracy = measured.Json.GetProperty("metrics").GetProperty("accuracy");
        Assert.Equal(result.GetProperty("value").GetDouble(), accuracy.GetProperty("value").GetDouble());
        Assert.Equal(30, accuracy.GetProperty("examples").GetInt32());
        Assert.True(accuracy.GetProperty("low").GetDouble() <= accuracy.GetProperty("high").GetDouble());

        var verified = CommandRun.Of("verify", files.At("lora"), "--base", files.Model, "--json");
        Assert.True(verified.ExitCode == 0, verified.Error + verified.Output);
    }

    [Fact]
    public void An_interrupted_run_is_gone_on_with_to_the_same_bytes()
    {
        string[] keys = ["--set", "training.epochs=6", "--set", "training.log_every=1", "--seed", "7"];
        Assert.Equal((int)ExitCode.Done, Adapt("whole", keys).ExitCode);
        var interrupted = CommandRun.Interrupted("step ", Arguments("parts", keys));
        Assert.True(interrupted.ExitCode is (int)ExitCode.Interrupted or (int)ExitCode.Done, interrupted.Error);
        if (interrupted.ExitCode == (int)ExitCode.Interrupted) Assert.Contains("coppice adapt --resume -o", interrupted.Error, StringComparison.Ordinal);
        var resumed = CommandRun.Of("adapt", "--resume", "-o", files.At("parts"));
        Assert.True(resumed.ExitCode == 0, resumed.Error);
        foreach (var file in new[] { "adapter_model.safetensors", "head.safetensors" }) Assert.Equal(File.ReadAllBytes(files.At("whole/" + file)), File.ReadAllBytes(files.At("parts/" + file)));
    }

    [Fact]
    public void An_adapter_is_searched_trained_and_a_month_later_trained_further()
    {
        var searched = Adapt("found", "--method", "auto", "--budget", "600", "--candidates", "3", "--search-steps", "2", "--validation", files.Test, "--json", "--set", "training.epochs=1");
        Assert.True(searched.ExitCode == 0, searched.Error + searched.Output);
        var search = searched.Json.GetProperty("search");
        Assert.Equal(3, search.GetProperty("trials").GetArrayLength());
        Assert.All(search.GetProperty("trials").EnumerateArray(), trial => Assert.InRange(trial.GetProperty("parameters").GetInt64(), 1, 600));
        Assert.Equal(search.GetProperty("best").GetString(), search.GetProperty("trials")[0].GetProperty("adapter").GetString());
        Assert.Equal(search.GetProperty("trials")[0].GetProperty("method").GetString(), searched.Json.GetProperty("method").GetString());

        // Base, task, method and everything else are the adapter's.
        var further = CommandRun.Of("adapt", "--adapter", files.At("found"), "--data", files.Test, "-o", files.At("further"), "--json");
        Assert.True(further.ExitCode == 0, further.Error);
        Assert.Equal(searched.Json.GetProperty("method").GetString(), further.Json.GetProperty("method").GetString());
        Assert.Equal((int)ExitCode.Done, CommandRun.Of("evaluate", files.At("further"), "--data", files.Test).ExitCode);
        Assert.Equal((int)ExitCode.Done, CommandRun.Of("verify", files.At("further"), "--base", files.Model).ExitCode);
        foreach (var refused in new[] { CommandRun.Of("adapt", "--adapter", files.At("found"), "--method", "auto", "-o", files.At("no")), CommandRun.Of("adapt", "--adapter", files.At("found"), "--method", "full", "-o", files.At("no")) })
            Assert.Equal((int)ExitCode.Usage, refused.ExitCode);
    }

    [Fact]
    public void A_recipe_can_say_everything()
    {
        var recipe = files.Write("adapt.yaml", $$"""
            model: { path: "{{files.Model.Replace('\\', '/')}}" }
            task: { name: classification }
            adapter: { method: full }
            data: { train: ["{{files.Data.Replace('\\', '/')}}"], validation_share: 0.25 }
            training: { epochs: 1 }
            """);
        var run = CommandRun.Of("adapt", "--recipe", recipe, "-o", files.At("full"), "--json");
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.True(File.Exists(files.At("full/model.safetensors")));
        Assert.Equal((int)ExitCode.Done, CommandRun.Of("evaluate", files.At("full"), "--data", files.Test).ExitCode);
    }

    [Fact]
    public void A_plan_tells_that_adapters_take_less_memory_than_all_of_the_model()
    {
        double Peak(string method, params string[] more)
        {
            var run = Adapt("planned", [.. more, "--method", method, "--plan", "--json", "--set", "training.batch_tokens=64"]);
            Assert.True(run.ExitCode == 0, run.Error);
            Assert.False(Directory.Exists(files.At("planned")));
            return run.Json.GetProperty("weights_mib").GetDouble() + run.Json.GetProperty("gradients_mib").GetDouble() + run.Json.GetProperty("optimizer_mib").GetDouble();
        }

        var (full, lora) = (Peak("full"), Peak("lora"));
        Assert.True(lora < 0.6 * full, $"{lora} and {full}");
        Assert.True(Peak("lora", "--quantize", "int4") < lora);
    }

    [Theory]
    [InlineData("did you mean 'classification'?", "--task", "clasification")]
    [InlineData("did you mean 'lora'?", "--method", "lorra")]
    [InlineData("did you mean 'rank'?", "--set", "adapter.rnak=4")]
    [InlineData("has no field 'txt'", "--set", "task.text_field=txt")]
    [InlineData("'maybe' never occurs in the training data", "--set", "task.labels=[even, odd, maybe]")]
    public void What_is_wrong_is_said_in_one_line_before_anything_is_written(string message, params string[] arguments)
    {
        var run = Adapt("refused", arguments);
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.Trim().Split('\n'));
        Assert.False(Directory.Exists(files.At("refused")));
    }

    [Fact]
    public void Data_and_models_that_don_t_fit_are_refused_with_their_place()
    {
        Refused("holds no example", files.Write("empty.jsonl", ""), "classification");
        Refused("no message is the assistant's", files.Write("chat.jsonl", """{"messages": [{"role": "user", "content": "hi"}]}"""), "sft");
        Refused("none of the 1 examples fits into 32 tokens", files.Write("long.jsonl", $$"""{"prompt": "p", "response": "{{new string('x', 400)}}"}"""), "sft", "--set", "data.validation_share=0");
        Refused("has no chat template", files.Write("asked.jsonl", """{"prompt": "hi", "response": "hello"}"""), "chat", "--set", "data.validation_share=0");

        void Refused(string message, string data, string task, params string[] more)
        {
            var run = CommandRun.Of(["adapt", files.Model, "--task", task, "--data", data, "-o", files.At("never"), .. more]);
            Assert.NotEqual(0, run.ExitCode);
            Assert.Contains(message, run.Error, StringComparison.Ordinal);
        }
    }

    private CommandRun Adapt(string name, params string[] more) => CommandRun.Of(Arguments(name, more));

    // A later --task or --method takes the place of the first.
    private string[] Arguments(string name, string[] more)
    {
        List<string> arguments = ["adapt", files.Model, "--data", files.Data, "-o", files.At(name), .. more];
        if (!more.Contains("--task")) arguments.AddRange(["--task", "classification"]);
        return [.. arguments];
    }
}
