using System.Globalization;
using System.Text.Json;
using Coppice.Testing;

namespace Coppice.Cli.Tests;

public sealed class CorpusScoringTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Documents_are_chosen_by_a_models_loss_and_training_then_follows_their_weights()
    {
        var known = _folder.Write("known.txt", string.Concat(Enumerable.Range(0, 200).Select(i => Line(i) + "\n")));
        var model = Train(known, "model", 300);
        var mixed = _folder.Write("mixed.jsonl", string.Concat(Enumerable.Range(0, 40).Select(i => Record(i, i % 2 == 0 ? Line(500 + i) : Reversed(500 + i)))));
        var recipe = _folder.Write("steps.yaml", $"steps:\n  - model-loss: {{ model: {model} }}\n  - keep-share: {{ share: 0.5, prefer: low }}\n  - quality-weights: {{ weights: [1, 3], low_is_better: true }}\n");
        var built = CommandRun.Of("corpus", "build", mixed, "-o", _folder.At("corpus"), "--recipe", recipe, "--json");
        Assert.True(built.ExitCode == 0, built.Error);
        Assert.Equal(20, built.Json.GetProperty("documents_out").GetInt32());

        var read = CommandRun.Of("corpus", "extract", _folder.At("corpus"), "-o", _folder.At("kept.jsonl"));
        Assert.True(read.ExitCode == 0, read.Error);
        Assert.All(File.ReadLines(_folder.At("kept.jsonl")), line => Assert.Equal(0, int.Parse(JsonDocument.Parse(line).RootElement.GetProperty("id").GetString()!, CultureInfo.InvariantCulture) % 2));

        // Half of the text three times.
        var run = CommandRun.Of("pretrain", _folder.Write("run.yaml", TestRecipe), _folder.At("corpus"), "-o", _folder.At("run"), "--set", "training.steps=1", "--set", "data.validation.split=none", "--json");
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.InRange(int.Parse(System.Text.RegularExpressions.Regex.Match(run.Error, @"(\d+) documents").Groups[1].Value, CultureInfo.InvariantCulture), 38, 42);
    }

    [Fact]
    public void The_difference_of_a_model_with_itself_is_nothing_and_a_wrong_folder_is_told_before_anything_is_read()
    {
        var model = Train(_folder.Write("known.txt", string.Concat(Enumerable.Range(0, 50).Select(i => Line(i) + "\n"))), "model", 2);
        var text = _folder.Write("a.jsonl", Record(0, Line(0)) + Record(1, Line(1)));
        var recipe = _folder.Write("steps.yaml", $"steps:\n  - model-loss: {{ model: {model}, reference: {model}, min: 0, max: 0 }}\n");
        Assert.Equal(2, CommandRun.Of("corpus", "build", text, "-o", _folder.At("corpus"), "--recipe", recipe, "--json").Json.GetProperty("documents_out").GetInt32());

        _folder.Write("steps.yaml", "steps:\n  - model-loss: { model: nowhere }\n");
        var wrong = CommandRun.Of("corpus", "build", text, "-o", _folder.At("other"), "--recipe", recipe);
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("model must be the path of a folder, not 'nowhere'", wrong.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_step_that_needs_a_score_stops_the_build_where_there_is_none()
    {
        var recipe = _folder.Write("steps.yaml", "steps:\n  - score-threshold: { min: 1 }\n");
        var run = CommandRun.Of("corpus", "build", _folder.Write("a.txt", "a text"), "-o", _folder.At("corpus"), "--recipe", recipe);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("put a step that scores before this one", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Thresholds_are_learned_from_good_text_and_used_by_a_build()
    {
        string[] good = [.. Enumerable.Range(0, 60).Select(i => string.Join('\n', Enumerable.Range(0, 6).Select(j => $"On day {i} of month {j} the {Line(i * 7 + j)[4..]}")))];
        var text = _folder.Write("good.jsonl", string.Concat(good.Select((document, i) => Record(i, document))));
        var calibrated = CommandRun.Of("corpus", "calibrate", text, "-o", _folder.At("thresholds.json"), "--json");
        Assert.True(calibrated.ExitCode == 0, calibrated.Error);
        Assert.Equal(60, calibrated.Json.GetProperty("languages").GetProperty("en").GetProperty("documents").GetInt32());

        var input = _folder.Write("input.jsonl", Record(0, good[0]) + Record(1, "### ### 12 34 ###\n### ### 12 34 ###\n### ### 12 34 ###\nthe and of\n"));
        var recipe = _folder.Write("steps.yaml", $"steps:\n  - language\n  - fineweb-2: {{ thresholds: {_folder.At("thresholds.json")} }}\n");
        Assert.Equal(1, CommandRun.Of("corpus", "build", input, "-o", _folder.At("corpus"), "--recipe", recipe, "--json").Json.GetProperty("documents_out").GetInt32());
        Assert.Equal(2, CommandRun.Of("corpus", "calibrate", text, "-o", _folder.At("t.json"), "--tail", "0.1", "--like", "en").ExitCode);
    }

    private const string TestRecipe = """
        model: { layers: 1, heads: 2, hidden_size: 16 }
        tokenizer: { type: character }
        data: { validation: { split: tail } }
        training: { batch_size: 2, sequence_length: 16 }
        evaluation: { sample_tokens: 5 }
        """;

    private static string Line(int i) => string.Create(CultureInfo.InvariantCulture, $"The {i * 7919 % 1000}th sheep of the flock went home at dusk.");

    private static string Reversed(int i) => string.Concat(Line(i).Reverse());

    private static string Record(int id, string text) => JsonSerializer.Serialize(new { id = $"{id}", text }) + "\n";

    private string Train(string text, string name, int steps)
    {
        var run = CommandRun.Of("pretrain", _folder.Write("recipe.yaml", TestRecipe), text, "-o", _folder.At(name), "--set", $"training.steps={steps}", "--json");
        Assert.True(run.ExitCode == 0, run.Error);
        return run.Json.GetProperty("model").GetString()!;
    }
}
