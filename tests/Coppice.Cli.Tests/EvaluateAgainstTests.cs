using System.Globalization;
using Coppice.Testing;

namespace Coppice.Cli.Tests;

public sealed class EvaluateAgainstTests : IDisposable
{
    private const string Recipe = """
        model: { layers: 1, heads: 2, hidden_size: 16 }
        tokenizer: { type: character }
        data: { validation: { split: tail } }
        training: { batch_size: 2, sequence_length: 16 }
        evaluation: { sample_tokens: 5 }
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_changed_between_two_models_is_shown_by_source_and_by_pair()
    {
        var text = _folder.Write("text.txt", string.Concat(Enumerable.Range(0, 100).Select(Line)));
        var (parent, child) = (Train(text, "parent", 5), Train(text, "child", 200));
        var one = _folder.Write("one.jsonl", string.Concat(Enumerable.Range(100, 20).Select(i => $"{{\"text\": \"{Line(i).TrimEnd()}\"}}\n")));
        var two = _folder.Write("two.jsonl", string.Concat(Enumerable.Range(200, 20).Select(i => $"{{\"text\": \"{Line(i).TrimEnd()}\"}}\n")));
        var pairs = _folder.Write("pairs.jsonl", string.Concat(Enumerable.Range(0, 30).Select(i => $"{{\"good\": \"The {i}th sheep went home\", \"bad\": \"eTh {i}ht pehes twen emoh\"}}\n")));
        string[] evaluate = ["evaluate", child, "--data", one, two, "--pairs", pairs];

        var alone = CommandRun.Of([.. evaluate, "--json"]).Json;
        var json = CommandRun.Of([.. evaluate, "--against", parent, "--json"]).Json;
        Assert.Equal(alone.GetProperty("bits_per_byte").GetDouble(), json.GetProperty("bits_per_byte").GetDouble(), 1e-9);
        Assert.Equal(alone.GetProperty("pairs").GetProperty("accuracy").GetDouble(), json.GetProperty("pairs").GetProperty("accuracy").GetDouble());
        var total = json.GetProperty("against").GetProperty("total");
        var change = total.GetProperty("change_percent").GetDouble();
        Assert.InRange(change, -95, -5);
        Assert.InRange(change, total.GetProperty("low").GetDouble(), total.GetProperty("high").GetDouble());
        Assert.Equal(40, total.GetProperty("documents").GetInt32());
        Assert.Equal(2, json.GetProperty("against").GetProperty("sources").GetArrayLength());
        var flips = json.GetProperty("against").GetProperty("flips");
        Assert.Equal((30, flips.GetProperty("positive").GetInt32() - flips.GetProperty("negative").GetInt32()), (flips.GetProperty("items").GetInt32(), flips.GetProperty("child_correct").GetInt32() - flips.GetProperty("parent_correct").GetInt32()));

        var page = CommandRun.Of([.. evaluate, "--against", parent]).Output;
        Assert.Contains("95 % interval", page, StringComparison.Ordinal);
        Assert.Contains("right to wrong", page, StringComparison.Ordinal);

        var same = CommandRun.Of([.. evaluate, "--against", child, "--json"]).Json.GetProperty("against");
        Assert.Equal((0, 0), (same.GetProperty("total").GetProperty("change_percent").GetDouble(), same.GetProperty("total").GetProperty("high").GetDouble()));
        Assert.Equal((0, 0), (same.GetProperty("flips").GetProperty("negative").GetInt32(), same.GetProperty("flips").GetProperty("positive").GetInt32()));

        // The same model in fewer bits against itself in float32: something changes, and little.
        var rounded = CommandRun.Of([.. evaluate, "--quantize", "int8", "--against", child, "--json"]).Json.GetProperty("against").GetProperty("total");
        Assert.Equal(total.GetProperty("child_bits_per_byte").GetDouble(), rounded.GetProperty("parent_bits_per_byte").GetDouble(), 1e-9);
        Assert.InRange(Math.Abs(rounded.GetProperty("change_percent").GetDouble()), 1e-6, 2);
    }

    private static string Line(int i) => string.Create(CultureInfo.InvariantCulture, $"The {i * 7919 % 1000}th sheep of the flock went home at dusk.\n");

    private string Train(string text, string name, int steps)
    {
        var run = CommandRun.Of("pretrain", _folder.Write("recipe.yaml", Recipe), text, "-o", _folder.At(name), "--set", $"training.steps={steps}", "--json");
        Assert.True(run.ExitCode == 0, run.Error);
        return run.Json.GetProperty("model").GetString()!;
    }
}
