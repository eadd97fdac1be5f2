using System.Globalization;
using Coppice.Testing;
using Coppice.Training.Quickstart;

namespace Coppice.Cli.Tests;

public sealed class PretrainCommandTests : IDisposable
{
    private const string Recipe = """
        model: { layers: 1, heads: 2, hidden_size: 16 }
        tokenizer: { type: character }
        data: { validation: { split: tail } }
        training: { steps: 20, batch_size: 2, sequence_length: 16 }
        evaluation: { sample_tokens: 5 }
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_trained_model_is_measured_and_writes()
    {
        var run = CommandRun.Of("pretrain", WriteRecipe(), WriteText(), "-o", _folder.At("run"), "--json");
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal((20, 20 * 32), (run.Json.GetProperty("steps").GetInt64(), run.Json.GetProperty("tokens").GetInt64()));
        Assert.All(["seconds", "tokens_per_second", "train_loss", "validation_loss", "validation_bits_per_byte"], name => Assert.True(run.Json.GetProperty(name).GetDouble() > 0));
        Assert.False(run.Json.GetProperty("interrupted").GetBoolean());
        Assert.Contains("step 20/20", run.Error, StringComparison.Ordinal);
        Assert.Contains("<svg", File.ReadAllText(_folder.At("run/report.html")), StringComparison.Ordinal);

        var model = run.Json.GetProperty("model").GetString()!;
        var evaluated = CommandRun.Of("evaluate", model, "--data", _folder.At("text.txt"), "--json").Json;
        Assert.Equal(new FileInfo(_folder.At("text.txt")).Length, evaluated.GetProperty("bytes").GetInt64());
        Assert.Equal("text.txt", evaluated.GetProperty("sources")[0].GetProperty("name").GetString());

        string[] generate = ["generate", model, "--prompt", "The ", "--max-tokens", "8", "--seed", "5"];
        var generated = CommandRun.Of([.. generate, "--json"]).Json;
        Assert.Equal((8, "length"), (generated.GetProperty("tokens").GetInt32(), generated.GetProperty("finish_reason").GetString()));
        Assert.Equal(generated.GetProperty("text").GetString(), CommandRun.Of(generate).Output);
    }

    [Fact]
    public void Ctrl_c_saves_and_the_resumed_run_ends_as_an_uninterrupted_one()
    {
        if (OperatingSystem.IsWindows()) return;
        string[] arguments = ["pretrain", WriteRecipe(), WriteText(), "--set", "training.steps=600"];
        var interrupted = CommandRun.Interrupted("step 10/600", [.. arguments, "-o", _folder.At("run"), "--json"]);
        Assert.Equal(130, interrupted.ExitCode);
        Assert.True(interrupted.Json.GetProperty("interrupted").GetBoolean());
        Assert.InRange(interrupted.Json.GetProperty("steps").GetInt64(), 10, 599);
        Assert.Contains($"coppice pretrain --resume -o {_folder.At("run")}", interrupted.Error, StringComparison.Ordinal);

        Assert.Equal(0, CommandRun.Of("pretrain", "--resume", "-o", _folder.At("run")).ExitCode);
        Assert.Equal(0, CommandRun.Of([.. arguments, "-o", _folder.At("whole"), "--threads", "1"]).ExitCode);
        Assert.Equal(File.ReadAllBytes(_folder.At("whole/model/model.safetensors")), File.ReadAllBytes(_folder.At("run/model/model.safetensors")));
    }

    [Fact]
    public void A_dry_run_prints_the_resolved_recipe_which_is_a_recipe()
    {
        var dry = CommandRun.Of("pretrain", WriteRecipe(), "some/text", "-o", _folder.At("run"), "--dry-run", "--seed", "7", "--threads", "3");
        Assert.Equal(0, dry.ExitCode);
        Assert.False(Directory.Exists(_folder.At("run")));
        Assert.All(["seed: 7", "threads: 3", "some/text", "intermediate_size: 64"], line => Assert.Contains(line, dry.Output, StringComparison.Ordinal));

        var again = CommandRun.Of("pretrain", _folder.Write("resolved.yaml", dry.Output), "-o", _folder.At("run"), "--dry-run", "--json").Json;
        Assert.Equal(dry.Output, again.GetProperty("recipe").GetString());
        Assert.Equal(20, again.GetProperty("steps").GetInt64());
    }

    [Theory]
    [InlineData(100, 4)]
    [InlineData(90_000, 6)]
    public void Without_a_recipe_the_model_is_sized_for_the_text(int lines, int layers)
    {
        var run = CommandRun.Of("pretrain", WriteText(lines), "-o", _folder.At("run"), "--dry-run", "--set", "training.log_every=3");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"layers: {layers}\n"), run.Output, StringComparison.Ordinal);
        Assert.Contains("log_every: 3", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_misspelt_key_is_found_with_its_line_before_anything_is_written()
    {
        var inFile = CommandRun.Of("pretrain", _folder.Write("wrong.yaml", "training:\n  step: 5\n"), "-o", _folder.At("run"));
        Assert.Equal(2, inFile.ExitCode);
        Assert.Contains("wrong.yaml:2: unknown key 'step' in 'training'; did you mean 'steps'?", inFile.Error, StringComparison.Ordinal);

        var inOption = CommandRun.Of("pretrain", WriteRecipe(), "-o", _folder.At("run"), "--set", "training.step=5");
        Assert.Equal(2, inOption.ExitCode);
        Assert.Contains("--set training.step=5: unknown key 'step'", inOption.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.At("run")));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void The_quickstart_trains_and_compares_with_a_compressor()
    {
        var run = CommandRun.Of("quickstart", "-o", _folder.At("run"), "--minutes", "0.1", "--json");
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.InRange(run.Json.GetProperty("brotli_bits_per_byte").GetDouble(), 0.5, 3);
        Assert.Equal(run.Json.GetProperty("validation_bits_per_byte").GetDouble() < run.Json.GetProperty("brotli_bits_per_byte").GetDouble(), run.Json.GetProperty("below_brotli").GetBoolean());
        Assert.True(File.Exists(_folder.At("run/report.html")));
        if (SdkDocumentation.TryFind(SdkDocumentation.AspNetCore) is null) return;

        // Whether the gate lets so short an update pass is its own matter: the quickstart has done its work either way.
        var update = run.Json.GetProperty("update");
        Assert.Equal(["dotnet-documentation", "aspnetcore"], update.GetProperty("sources").EnumerateArray().Select(source => source.GetProperty("name").GetString()));
        Assert.Equal(update.GetProperty("accepted").GetBoolean(), File.Exists(_folder.At("run/update/model/config.json")));
        Assert.True(File.Exists(_folder.At("run/update/report.html")));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void A_quickstart_that_was_interrupted_in_its_update_goes_on_there()
    {
        if (SdkDocumentation.TryFind(SdkDocumentation.AspNetCore) is null) return;
        var interrupted = CommandRun.Interrupted("beginning from the trunk", "quickstart", "-o", _folder.At("run"), "--minutes", "0.1", "--json");
        Assert.Equal(130, interrupted.ExitCode);
        Assert.Contains("coppice quickstart --resume -o", interrupted.Error, StringComparison.Ordinal);
        Assert.True(interrupted.Json.GetProperty("interrupted").GetBoolean());

        var resumed = CommandRun.Of("quickstart", "-o", _folder.At("run"), "--resume", "--json");
        Assert.True(resumed.ExitCode == 0, resumed.Error);
        Assert.Equal(interrupted.Json.GetProperty("validation_bits_per_byte").GetDouble(), resumed.Json.GetProperty("validation_bits_per_byte").GetDouble());
        Assert.False(resumed.Json.GetProperty("update").GetProperty("interrupted").GetBoolean());
    }

    private string WriteRecipe() => _folder.Write("recipe.yaml", Recipe);

    private string WriteText(int lines = 100) =>
        _folder.Write("text.txt", string.Concat(Enumerable.Range(0, lines).Select(i => string.Create(CultureInfo.InvariantCulture, $"The {i * 7919 % 1000}th sheep of the flock went home at dusk.\n"))));
}
