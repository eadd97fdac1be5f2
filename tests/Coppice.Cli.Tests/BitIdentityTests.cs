using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Cli.Tests;

/// <summary>The same recipe and seed give the same bytes whatever the number of threads and however often the run was killed.</summary>
public sealed class BitIdentityTests : IDisposable
{
    // With everything on that could break it: accumulation, dropout, two sources, an average of the weights.
    private const string Recipe = """
        seed: 11
        model: { architecture: gpt2, layers: 3, heads: 3, hidden_size: 96, dropout: 0.1 }
        tokenizer: { type: byte_bpe, vocabulary_size: 320 }
        data:
          sources:
            - { name: first, paths: [FIRST], weight: 2 }
            - { name: second, paths: [SECOND], weight: 1 }
          validation: { split: documents, share: 0.1 }
        training: { steps: 60, batch_size: 32, sequence_length: 96, accumulation: 4, checkpoint_every: 10, log_every: 1 }
        optimizer: { ema_decay: 0.95 }
        schedule: { warmup_steps: 5, final_learning_rate: 1e-4 }
        evaluation: { every: 25, sample_prompts: [] }
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    [Trait("Category", "Slow")]
    public void Threads_and_SIGKILL_leave_no_trace_in_the_model()
    {
        var recipe = WriteRecipe();
        var one = Train(recipe, "one", "--threads", "1");
        var two = Train(recipe, "two", "--threads", "2");
        Assert.Equal(one, two);

        foreach (var step in new[] { 7, 19, 33 })
        {
            CommandRun.Killed(() => HasDone("killed", step), "pretrain", recipe, "-o", _folder.At("killed"), "--resume");
            Assert.False(File.Exists(_folder.At("killed/model/model.safetensors")), "the run ended before it was killed");
        }

        Assert.Equal(one, Train(recipe, "killed", "--resume", "--threads", "2"));
    }

    /// <summary>Whether a run has written the metrics of a step.</summary>
    private bool HasDone(string run, int step)
    {
        var metrics = _folder.At(run + "/metrics.jsonl");
        if (!File.Exists(metrics)) return false;
        using var reader = new StreamReader(new FileStream(metrics, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return reader.ReadToEnd().Contains($"\"step\":{step},", StringComparison.Ordinal);
    }

    /// <summary>Trains and returns the checksum of the model.</summary>
    private string Train(string recipe, string run, params string[] options)
    {
        var result = CommandRun.Of(["pretrain", recipe, "-o", _folder.At(run), "--json", .. options]);
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal(60, result.Json.GetProperty("steps").GetInt64());
        return Checksum.OfFile(Path.Combine(result.Json.GetProperty("model").GetString()!, "model.safetensors"));
    }

    private string WriteRecipe()
    {
        var first = _folder.Write("first.jsonl", string.Concat(Enumerable.Range(0, 600).Select(i => $$"""{"text": "The number {{i}} comes after {{i - 1}} and before {{i + 1}}."}""" + "\n")));
        var second = _folder.Write("second.txt", string.Concat(Enumerable.Range(0, 900).Select(i => $"Line {i} of the second source says that {i % 7} is the day.\n")));
        return _folder.Write("recipe.yaml", Recipe.Replace("FIRST", first, StringComparison.Ordinal).Replace("SECOND", second, StringComparison.Ordinal));
    }
}
