using System.Text;
using Coppice.Testing;

namespace Coppice.Cli.Tests;

public sealed class CorpusCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_dropped_is_counted_by_step_and_reason()
    {
        _folder.Write("texts/a.txt", "one and the same text");
        _folder.Write("texts/b.txt", "one and the same text");
        _folder.Write("texts/c.md", "  \n");
        _folder.Write("texts/d.jsonl", "{\"text\": \"of a record\"}\nnot JSON\n");
        File.WriteAllBytes(_folder.At("texts/e.txt"), [.. "caf"u8, 0xE9, .. " in Latin-1"u8]);
        File.WriteAllBytes(_folder.At("texts/f.png"), [1, 2, 3]);

        var built = CommandRun.Of("corpus", "build", _folder.At("texts"), "-o", _folder.At("corpus"), "--json");
        Assert.Equal(0, built.ExitCode);
        Assert.Equal((6, 3), (built.Json.GetProperty("documents_in").GetInt32(), built.Json.GetProperty("documents_out").GetInt32()));
        var steps = built.Json.GetProperty("steps").EnumerateArray().ToDictionary(step => step.GetProperty("name").GetString()!);
        Assert.All(["read", "empty", "exact-duplicates"], name => Assert.Equal(1, steps[name].GetProperty("dropped").GetInt32()));
        Assert.Equal(1, steps["exact-duplicates"].GetProperty("reasons").GetProperty("exact duplicate").GetInt32());
        Assert.Equal(1, built.Json.GetProperty("skipped_files").GetProperty("unknown format '.png'").GetInt32());
        Assert.Equal(1, built.Json.GetProperty("problems").GetProperty("invalid bytes replaced by U+FFFD").GetInt32());

        var inspected = CommandRun.Of("corpus", "inspect", _folder.At("corpus"), "--json");
        Assert.Equal(3, inspected.Json.GetProperty("train").GetProperty("documents").GetInt32());
        Assert.Equal(built.Json.GetProperty("bytes_out").GetInt64(), inspected.Json.GetProperty("train").GetProperty("bytes").GetInt64());
    }

    [Fact]
    public void A_dry_run_counts_and_writes_nothing()
    {
        var text = _folder.Write("a.txt", "a text");
        var run = CommandRun.Of("corpus", "build", text, "-o", _folder.At("corpus"), "--dry-run", "--json");
        Assert.Equal(1, run.Json.GetProperty("documents_out").GetInt32());
        Assert.False(Directory.Exists(_folder.At("corpus")));
    }

    [Fact]
    public void Progress_and_results_keep_apart()
    {
        var run = CommandRun.Of("corpus", "build", _folder.Write("a.txt", "a text"), "-o", _folder.At("corpus"));
        Assert.Contains("1 document", run.Output, StringComparison.Ordinal);
        Assert.Empty(run.Error);
    }

    [Theory]
    [InlineData("missing", "there is no such file or folder")]
    [InlineData("empty", "no text was found")]
    [InlineData("pictures", "unknown format '.png'")]
    public void An_input_without_text_fails_and_says_what_was_found(string input, string expected)
    {
        Directory.CreateDirectory(_folder.At("empty"));
        _folder.Write("pictures/a.png", "x");
        var run = CommandRun.Of("corpus", "build", _folder.At(input), "-o", _folder.At("corpus"));
        Assert.Equal(1, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.At("corpus/corpus.json")));
    }

    [Fact]
    public void A_corpus_that_was_changed_behind_its_manifest_is_refused()
    {
        CommandRun.Of("corpus", "build", _folder.Write("a.txt", "a text"), "-o", _folder.At("corpus"));
        File.AppendAllText(_folder.At("corpus/documents.jsonl.gz"), "x", Encoding.ASCII);
        var run = CommandRun.Of("corpus", "inspect", _folder.At("corpus"));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("checksum", run.Error, StringComparison.Ordinal);
    }
}
