using System.Text;
using System.Text.Json;
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
        File.AppendAllText(Directory.GetFiles(_folder.At("corpus/documents")).Single(), "x", Encoding.ASCII);
        var run = CommandRun.Of("corpus", "inspect", _folder.At("corpus"));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("checksum", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_build_that_is_killed_anywhere_goes_on_and_gives_the_same_bytes()
    {
        WriteLargeFiles(16);
        string[] arguments = ["corpus", "build", _folder.At("large"), "--validation-share", "0.1", "--threads", "2", "--json", "-o"];
        Assert.Equal(0, CommandRun.Of([.. arguments, _folder.At("whole")]).ExitCode);

        var results = 0;
        foreach (var killedAt in new[] { 1, 6, 14, 19, 27 })
        {
            CommandRun.Killed(() => Results("killed") >= killedAt, [.. arguments, _folder.At("killed")]);
            Assert.False(File.Exists(_folder.At("killed/corpus.json")));
            Assert.InRange(Results("killed"), results, int.MaxValue);
            results = Results("killed");
        }

        var resumed = CommandRun.Of([.. arguments, _folder.At("killed")]);
        Assert.Equal(0, resumed.ExitCode);
        Assert.InRange(resumed.Json.GetProperty("chunks_reused").GetInt32(), 27, 32);
        var documents = new[] { "documents", "validation" }.SelectMany(folder => Directory.GetFiles(_folder.At($"whole/{folder}"))).Select(file => Path.GetRelativePath(_folder.At("whole"), file));
        string[] files = [.. documents, "corpus.json", "build.json", "recipe.yaml", "report.html"];
        Assert.All(files, file => Assert.Equal(File.ReadAllBytes(_folder.At($"whole/{file}")), File.ReadAllBytes(_folder.At($"killed/{file}"))));
    }

    [Fact]
    public void A_recipe_is_run_its_story_told_and_two_corpora_compared()
    {
        var words = string.Join(' ', Enumerable.Range(0, 60).Select(i => $"and the word{i}"));
        _folder.Write("texts/a.jsonl", $$"""
            {"id": "long", "text": "{{words}}.", "url": "https://example.org/a"}
            {"id": "short", "text": "and the rest of it."}

            """);
        var recipe = _folder.Write("recipe.yaml", """
            steps:
              - empty
              - gopher-quality:
                  min_words: 50
            """);
        var built = CommandRun.Of("corpus", "build", _folder.At("texts"), "--recipe", recipe, "-o", _folder.At("strict"), "--json");
        Assert.Equal(0, built.ExitCode);
        Assert.Equal((2, 1), (built.Json.GetProperty("documents_in").GetInt32(), built.Json.GetProperty("documents_out").GetInt32()));
        Assert.Contains("min_words: 50", File.ReadAllText(_folder.At("strict/recipe.yaml")), StringComparison.Ordinal);
        Assert.Contains("example.org", File.ReadAllText(_folder.At("strict/report.html")), StringComparison.Ordinal);

        var again = CommandRun.Of("corpus", "build", _folder.At("texts"), "--recipe", _folder.At("strict/recipe.yaml"), "-o", _folder.At("strict"), "--json");
        Assert.Equal(0, again.Json.GetProperty("chunks_done").GetInt32());

        var story = CommandRun.Of("corpus", "inspect", _folder.At("strict"), "--why", "short", "--json").Json.GetProperty("documents")[0];
        Assert.False(story.GetProperty("is_kept").GetBoolean());
        Assert.Equal(["kept", "dropped"], story.GetProperty("steps").EnumerateArray().Select(step => step.GetProperty("verdict").GetString()));
        Assert.Equal(50, story.GetProperty("steps")[1].GetProperty("measured").GetProperty("threshold").GetDouble());
        Assert.Contains("in the corpus", CommandRun.Of("corpus", "inspect", _folder.At("strict"), "--why", "long").Output, StringComparison.Ordinal);
        Assert.Contains("no document with the id 'none'", CommandRun.Of("corpus", "inspect", _folder.At("strict"), "--why", "none").Error, StringComparison.Ordinal);

        CommandRun.Of("corpus", "build", _folder.At("texts"), "-o", _folder.At("all"), "--preset", "minimal");
        var diff = CommandRun.Of("corpus", "diff", _folder.At("all"), _folder.At("strict"), "--json").Json;
        Assert.Equal((1, 1, 0), (diff.GetProperty("common").GetInt32(), diff.GetProperty("only_first").GetProperty("documents").GetInt32(), diff.GetProperty("only_second").GetProperty("documents").GetInt32()));
        Assert.StartsWith("gopher-quality: ", diff.GetProperty("only_first").GetProperty("reasons").EnumerateObject().Single().Name, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("steps:\n  - gopher-qality\n", "recipe.yaml:2: there is no step 'gopher-qality'; did you mean 'gopher-quality'?")]
    [InlineData("steps:\n  - gopher-quality:\n      min_word: 3\n", "did you mean 'min_words'?")]
    [InlineData("steps:\n  - gopher-quality:\n      min_words: many\n", "recipe.yaml:2: gopher-quality: min_words must be a number")]
    [InlineData("step:\n  - empty\n", "did you mean 'steps'?")]
    [InlineData("preset: fine\n", "'fine' is not a preset")]
    [InlineData("- empty\n", "a recipe of curation is a list of steps")]
    public void A_recipe_that_is_wrong_is_an_error_that_says_where(string text, string expected)
    {
        var run = CommandRun.Of("corpus", "build", _folder.Write("a.txt", "a text"), "--recipe", _folder.Write("recipe.yaml", text), "-o", _folder.At("corpus"));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.At("corpus")));
    }

    [Fact]
    public void Every_step_and_preset_is_listed_with_its_options()
    {
        var listed = CommandRun.Of("corpus", "steps", "--json").Json;
        var quality = listed.GetProperty("steps").EnumerateArray().Single(step => step.GetProperty("name").GetString() == "gopher-quality");
        Assert.Contains("min_words", quality.GetProperty("options").EnumerateArray().Select(option => option.GetProperty("key").GetString()));
        Assert.Contains("arXiv:2112.11446", quality.GetProperty("sources").EnumerateArray().Select(source => source.GetProperty("paper").GetString()));
        Assert.Contains("minimal", listed.GetProperty("presets").EnumerateArray().Select(preset => preset.GetProperty("name").GetString()));
        Assert.Contains("min_words", CommandRun.Of("corpus", "steps", "gopher-quality").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Languages_are_told_and_judged_where_documents_say_theirs()
    {
        var texts = _folder.Write("texts.jsonl", """
            {"id": "a", "language": "de", "text": "Der schnelle braune Fuchs springt über den faulen Hund, und niemand hat es gesehen."}
            {"id": "b", "language": "en", "text": "The quick brown fox jumps over the lazy dog, and nobody has seen it happen."}
            {"id": "c", "language": "fr", "text": "The quick brown fox jumps over the lazy dog, and nobody has seen it happen."}

            """);
        var run = CommandRun.Of("corpus", "language", texts, "-o", _folder.At("labels.jsonl"), "--json");
        Assert.Equal(2.0 / 3, run.Json.GetProperty("accuracy").GetDouble(), 9);
        Assert.Equal(("fr", "en"), (run.Json.GetProperty("confusions")[0].GetProperty("language").GetString(), run.Json.GetProperty("confusions")[0].GetProperty("taken_for").GetString()));
        Assert.Equal(3, File.ReadAllLines(_folder.At("labels.jsonl")).Length);
    }

    [Fact]
    public void Near_duplicates_go_also_those_of_an_earlier_corpus()
    {
        var random = new Random(4);
        string Word() => string.Concat(Enumerable.Range(0, 6).Select(_ => (char)('a' + random.Next(26))));
        string Text() => string.Join(' ', Enumerable.Range(0, 200).Select(_ => Word()));
        string Line(string id, string text) => $"{{\"id\": \"{id}\", \"text\": \"{text}\"}}\n";
        var (first, second) = (Text(), Text());
        _folder.Write("old/a.jsonl", Line("first", first) + Line("nearly-first", first + " and more"));
        _folder.Write("new/b.jsonl", Line("second", second) + Line("nearly-first-again", "so " + first));

        var old = CommandRun.Of("corpus", "dedup", _folder.At("old"), "-o", _folder.At("old-corpus"), "--json");
        Assert.Equal((2, 1), (old.Json.GetProperty("documents_in").GetInt32(), old.Json.GetProperty("documents_out").GetInt32()));
        var later = CommandRun.Of("corpus", "dedup", _folder.At("new"), "-o", _folder.At("new-corpus"), "--against", _folder.At("old-corpus"), "--json");
        Assert.Equal((2, 1), (later.Json.GetProperty("documents_in").GetInt32(), later.Json.GetProperty("documents_out").GetInt32()));
        var why = CommandRun.Of("corpus", "inspect", _folder.At("new-corpus"), "--why", "nearly-first-again");
        Assert.Contains($"it repeats nearly-first in {_folder.At("old-corpus")}", why.Output, StringComparison.Ordinal);

        var again = CommandRun.Of("corpus", "dedup", _folder.At("new-corpus"), "-o", _folder.At("again"), "--json");
        Assert.Equal(1, again.Json.GetProperty("documents_out").GetInt32());
    }

    [Fact]
    public void Pages_are_extracted_a_line_for_each()
    {
        var body = string.Concat(Enumerable.Range(0, 8).Select(i => $"<p>This is paragraph {i} of the article, and it has enough words to be taken for content by anyone who reads it.</p>"));
        _folder.Write("pages/a.html", $"<html><head><title>A title</title></head><body><nav><a href='/'>Home</a></nav><article>{body}</article></body></html>");
        _folder.Write("pages/b.html", "<html><body></body></html>");
        var run = CommandRun.Of("corpus", "extract", _folder.At("pages"), "-o", _folder.At("pages.jsonl"), "--json");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal((2, 1), (run.Json.GetProperty("documents").GetInt32(), run.Json.GetProperty("without_content").GetInt32()));
        var lines = File.ReadAllLines(_folder.At("pages.jsonl")).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(["a.html", "b.html"], lines.Select(line => line.GetProperty("id").GetString()));
        Assert.Contains("paragraph 7", lines[0].GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal("A title", lines[0].GetProperty("title").GetString());
    }

    private int Results(string output) =>
        Directory.Exists(_folder.At($"{output}/.work")) ? Directory.EnumerateFiles(_folder.At($"{output}/.work"), "*.chunk", SearchOption.AllDirectories).Count() : 0;

    private void WriteLargeFiles(int files)
    {
        var random = new Random(3);
        for (var file = 0; file < files; file++)
        {
            var lines = Enumerable.Range(0, 600).Select(line => $"{{\"id\": \"{file}-{line}\", \"text\": \"{string.Join(' ', Enumerable.Range(0, 60).Select(_ => $"w{random.Next(5000)}"))}\"}}");
            _folder.Write(FormattableString.Invariant($"large/{file:00}.jsonl"), string.Join('\n', lines));
        }
    }
}
