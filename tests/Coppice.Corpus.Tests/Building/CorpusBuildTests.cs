using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Coppice.Corpus.Building;
using Coppice.Corpus.Extraction;
using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Corpus.Tests.Building;

public sealed class CorpusBuildTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Documents_go_through_all_steps_in_order_and_everything_is_counted()
    {
        _folder.Write("in/a.jsonl", Lines("apple one", "apple two bad", "apple three", "tiny", "pear"));
        _folder.Write("in/b.jsonl", Lines("pear bad bad", "plum alone", "apple four") + "no JSON\n");
        var result = Build("out", new DropShort(5), new ReplaceWord("bad", "good"), new FirstOfWord(), new ReplaceWord("alone", "together"));

        Assert.Equal(["apple one", "apple two good (second)", "plum together"], Texts("out").Where(text => !text.StartsWith("pear", StringComparison.Ordinal)));
        Assert.Equal(["pear good good"], Texts("out").Where(text => text.StartsWith("pear", StringComparison.Ordinal)));
        Assert.Equal((8, 4), (result.Report.DocumentsIn, result.Report.DocumentsOut));

        var steps = result.Report.Steps;
        Assert.Equal(["short", "replace", "first-of-word", "replace"], steps.Select(step => step.Name));
        Assert.Equal([(8L, 6L, 0L), (6, 6, 2), (6, 4, 1), (4, 4, 1)], steps.Select(step => (step.DocumentsIn, step.DocumentsOut, step.Changed)));
        Assert.Equal(3, steps[1].Changes["words"]);
        Assert.Equal(2, steps[0].Reasons["too short"].Documents);
        Assert.Equal(["apple four", "apple three"], steps[2].Reasons["same word"].Examples.Select(example => example.Excerpt).Order());
        Assert.All(steps[2].Reasons["same word"].Examples, example => Assert.Equal("a.jsonl:1", example.Because));
        Assert.Equal(9, steps[0].Nearest[0].Characters);
        Assert.Equal(1, result.Manifest.Dropped["line is no JSON object"]);
        Assert.Equal(2, result.Manifest.Dropped["too short"]);
        Assert.Equal(4, CuratedCorpus.Open(_folder.At("out")).Train().First().Copies);
        Assert.Equal(JsonSerializer.Serialize(result.Report, BuildReport.Json), JsonSerializer.Serialize(BuildReport.Open(_folder.At("out")), BuildReport.Json));
    }

    [Fact]
    public void A_compressed_file_of_some_size_is_read_as_the_file_itself()
    {
        var text = Lines([.. Enumerable.Range(0, 30_000).Select(i => $"document {i} with a text of some length {i * 7919 % 10007}")]);
        _folder.Write("in/a.jsonl", text);
        Directory.CreateDirectory(_folder.At("compressed"));
        using (var file = new GZipStream(File.Create(_folder.At("compressed/a.jsonl.gz")), CompressionLevel.Fastest)) file.Write(Encoding.UTF8.GetBytes(text));
        Build("plain", new DropEmpty());
        Build("unpacked", options => options with { Inputs = [new CorpusInput(_folder.At("compressed"))] }, [new DropEmpty()]);
        Assert.Equal(Texts("plain"), Texts("unpacked"));
    }

    [Fact]
    public void The_result_is_the_same_bytes_for_any_number_of_threads_and_any_memory()
    {
        WriteMany(40);
        Build("one", options => options with { Threads = 1, Memory = 1 }, Everything());
        Build("four", options => options with { Threads = 4 }, Everything());

        AssertEqualFolders("one", "four");
        Assert.True(WorkFolder.ForReading(_folder.At("one")).ReadChunks()![0].Count > 10);
    }

    [Fact]
    public void An_ordered_step_sees_all_documents_in_order_and_gives_what_it_gives_in_a_pipeline()
    {
        WriteMany(20);
        Build("out", options => options with { Threads = 3 }, [new DropEmpty(), new ExactDuplicates()]);

        var report = new CorpusReport();
        var expected = new CorpusPipeline([new CorpusInput(_folder.At("in"))]).Run(report).ToList();
        var corpus = CuratedCorpus.Open(_folder.At("out"));
        Assert.Equal(expected, corpus.Train());
        CorpusWriter.Write(_folder.At("written"), expected, CorpusSplit.None, report);
        Assert.Equal(CuratedCorpus.Open(_folder.At("written")).Manifest.Train.Fingerprint, corpus.Manifest.Train.Fingerprint);
        Assert.Equal(report.Dropped["exact duplicate"].Count, corpus.Manifest.Dropped["exact duplicate"]);
        Assert.Equal(report.BytesRead, corpus.Manifest.BytesRead);
    }

    [Fact]
    public void A_step_that_decides_can_load_any_document_of_a_large_chunk()
    {
        var random = new Random(3);
        _folder.Write("in/a.jsonl", Lines([.. Enumerable.Range(0, 400).Select(i => $"{i} {string.Join(' ', Enumerable.Range(0, random.Next(1500)).Select(_ => random.Next(10_000)))}")]));
        var step = new LoadsAll();
        Build("out", options => options with { ChunkCharacters = 1 << 20 }, [new DropShort(20), step]);

        Assert.True(step.Loaded > 350);
        var chunk = ChunkFile.Open(Directory.EnumerateFiles(_folder.At("out/.work"), "*.chunk", SearchOption.AllDirectories).MaxBy(file => new FileInfo(file).Length)!);
        Assert.True(chunk.ReadBlocks().Length > 2);
    }

    [Fact]
    public void Steps_that_find_nothing_are_pointed_out_but_not_those_that_are_not_made_for_the_documents()
    {
        _folder.Write("in/a.jsonl", Lines([.. Enumerable.Range(0, 200).Select(i => $"text {i}")]));
        Assert.Equal(["replace: none of 200 documents was dropped or changed"], Build("out", new ExtractHtml(), new ReplaceWord("bad", "good")).Report.Warnings);
    }

    [Fact]
    public void A_split_divides_as_it_divides_documents_one_by_one()
    {
        WriteMany(20);
        var split = CorpusSplit.ByDocument(0.2, seed: 3);
        Build("out", options => options with { Split = split, Threads = 2 }, [new DropEmpty()]);

        var all = new CorpusPipeline([new CorpusInput(_folder.At("in"))], [new DropEmpty()]).Run(new CorpusReport()).Select(split.Divide).ToList();
        var corpus = CuratedCorpus.Open(_folder.At("out"));
        Assert.Equal(all.Select(pair => pair.Train).OfType<Document>(), corpus.Train());
        Assert.Equal(all.Select(pair => pair.Validation).OfType<Document>(), corpus.Validation());
        Assert.Equal(corpus.Manifest.Validation!.Documents, corpus.Validation().Count());
    }

    [Fact]
    public void A_second_build_of_the_same_does_nothing_again()
    {
        WriteMany(20);
        var (steps, word) = (new FailsOn("nothing"), new FirstOfWord());
        var first = Build("out", steps, word);
        var before = Snapshot("out");
        var second = Build("out", steps, word);

        Assert.Equal(before, Snapshot("out"));
        Assert.Equal((first.ChunksDone, 0L), (second.ChunksReused, second.ChunksDone));
        Assert.Equal(first.Report.DocumentsIn, steps.Seen);
        Assert.Equal((first.Report.DocumentsIn, 1L), (word.Sketched, word.Decided));
    }

    [Fact]
    public void New_files_cost_what_they_hold_and_the_result_is_that_of_building_afresh()
    {
        WriteMany(40);
        var (fails, word) = (new FailsOn("nothing"), new FirstOfWord());
        var first = Build("out", fails, word);
        _folder.Write("in/part-07b.jsonl", Lines([.. Enumerable.Range(0, 50).Select(i => $"new{i} text of a new file, between the others")]));
        _folder.Write("in/zzz.jsonl", Lines([.. Enumerable.Range(0, 50).Select(i => $"late{i} text of a new file, after the others")]));
        var grown = Build("out", fails, word);

        // Small files share a chunk with their neighbours, which are done again with a new one.
        var again = fails.Seen - first.Report.DocumentsIn;
        Assert.InRange(again, 100, 100 + (first.Report.DocumentsIn / 10));
        Assert.Equal(again, word.Sketched - first.Report.DocumentsIn);
        Assert.InRange(grown.ChunksDone, 2, (grown.ChunksDone + grown.ChunksReused) / 10);
        Build("afresh", new FailsOn("nothing"), new FirstOfWord());
        AssertEqualFolders("afresh", "out");
    }

    [Fact]
    public void Another_option_of_a_late_step_leaves_the_stages_before_it_as_they_are()
    {
        WriteMany(20);
        var fails = new FailsOn("nothing");
        Build("out", [fails, new FirstOfWord(), new DropShort(10)]);
        var seen = fails.Seen;
        Build("out", _ => _, [ConfiguredStep.Of(fails), ConfiguredStep.Of(new FirstOfWord()), new ConfiguredStep(new DropShort(60), [new StepOption("minimum", "60", "")], [])]);

        Assert.Equal(seen, fails.Seen);
        Build("afresh", new FailsOn("nothing"), new FirstOfWord(), new DropShort(60));
        Assert.Equal(Texts("afresh"), Texts("out"));
    }

    [Fact]
    public void A_document_that_a_step_fails_on_goes_to_quarantine_and_the_others_go_on()
    {
        _folder.Write("in/a.jsonl", Lines("good", "poison here", "also good"));
        var result = Build("out", new FailsOn("poison"), new DropShort(1));

        Assert.Equal(["good", "also good"], Texts("out"));
        Assert.Equal(1, result.Report.Quarantined);
        var line = JsonDocument.Parse(File.ReadAllText(_folder.At("out/quarantine.jsonl"))).RootElement;
        Assert.Equal("fails", line.GetProperty("step").GetString());
        Assert.Equal("InvalidOperationException: no poison, please", line.GetProperty("reason").GetString());
        Assert.Equal(("a.jsonl:2", "poison here"), (line.GetProperty("id").GetString(), line.GetProperty("text").GetString()));
        Assert.Equal(1, result.Report.Steps[0].Reasons["quarantined: the step failed on it"].Documents);
        Assert.Equal(2, result.Report.Steps[1].DocumentsIn);
    }

    [Fact]
    public void A_document_above_the_size_limit_is_named_in_the_quarantine()
    {
        _folder.Write("in/a.jsonl", Lines("short", new string('x', 5000)));
        var result = Build("out", options => options with { Reading = new ReaderOptions { MaximumDocumentBytes = 1000 } }, [new DropEmpty()]);

        Assert.Equal(1, result.Report.Quarantined);
        Assert.Contains("a.jsonl, line 2", File.ReadAllText(_folder.At("out/quarantine.jsonl")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_can_not_be_read_is_reported_and_read_as_soon_as_it_can()
    {
        _folder.Write("in/a.jsonl", Lines("first"));
        var gone = _folder.Write("in/b.jsonl", Lines("second"));
        File.CreateSymbolicLink(_folder.At("in/c.jsonl"), _folder.At("nowhere"));
        var result = Build("out", new DropEmpty());
        Assert.Equal(["first", "second"], Texts("out"));
        Assert.Contains("c.jsonl", result.Report.SkippedFiles["can't be read"].Examples[0], StringComparison.Ordinal);

        File.Delete(gone);
        _folder.Write("nowhere", Lines("third"));
        Assert.Empty(Build("out", new DropEmpty()).Report.SkippedFiles);
        Assert.Equal(["first", "third"], Texts("out"));
    }

    [Fact]
    public void A_file_that_vanishes_while_others_are_read_is_reported_and_its_place_is_read_anew_later()
    {
        _folder.Write("in/a.jsonl", Lines("first"));
        var vanishing = _folder.Write("in/b.jsonl", Lines("second"));
        var original = File.ReadAllBytes(vanishing);
        var result = Build("out", options => options with { Threads = 1 }, show: progress =>
        {
            if (progress is { Doing: "Reading", BytesDone: > 0 }) File.Delete(vanishing);
        }, steps: [ConfiguredStep.Of(new DropEmpty())]);
        Assert.Equal(["first"], Texts("out"));
        Assert.Contains("b.jsonl", result.Report.SkippedFiles["can't be read"].Examples[0], StringComparison.Ordinal);

        File.WriteAllBytes(vanishing, original);
        Build("out", new DropEmpty());
        Assert.Equal(["first", "second"], Texts("out"));
    }

    [Fact]
    public void Documents_are_compared_with_those_of_earlier_corpora()
    {
        _folder.Write("in/a.jsonl", Lines("apple old", "pear old", "short"));
        Build("old", new FirstOfWord(), new DropShort(6));
        Directory.Delete(_folder.At("in"), recursive: true);
        _folder.Write("in/b.jsonl", Lines("apple new", "plum new", "short new and long enough"));
        var result = Build("new", options => options with { Against = [_folder.At("old")] }, [new FirstOfWord(), new DropShort(6)]);

        // What the old corpus dropped later on is not in it, and nothing repeats it.
        Assert.Equal(["plum new", "short new and long enough"], Texts("new"));
        Assert.Equal($"a.jsonl:1 in {_folder.At("old")}", Assert.Single(result.Report.Steps[0].Reasons["same word"].Examples).Because);
    }

    [Fact]
    public void An_earlier_corpus_without_sketches_of_the_step_is_refused()
    {
        _folder.Write("in/a.jsonl", Lines("apple"));
        Build("old", new DropEmpty());
        var error = Assert.Throws<CoppiceException>(() => Build("new", options => options with { Against = [_folder.At("old")] }, [new FirstOfWord()]));
        Assert.Contains("no sketches for 'first-of-word'", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<CoppiceException>(() => Build("new", options => options with { Against = [_folder.At("old")] }, [new DropEmpty()]));
        Assert.Contains("no step of the recipe compares documents", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<CoppiceException>(() => Build("new", options => options with { Against = [_folder.At("in")] }, [new FirstOfWord()]));
        Assert.Contains("no corpus", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_build_that_is_stopped_goes_on_and_gives_the_same_bytes()
    {
        WriteMany(40);
        Build("whole", Everything());
        var fails = new FailsOn("nothing");
        foreach (var stopAt in new[] { 1, 3, 8, 20, 25, 45, 60 })
        {
            using var stop = new CancellationTokenSource();
            var calls = 0;
            Assert.ThrowsAny<OperationCanceledException>(() => Build("stopped", _ => _, Configured(Everything()), _ =>
            {
                if (++calls == stopAt) stop.Cancel();
            }, stop.Token));
        }

        Build("stopped", Everything());
        AssertEqualFolders("whole", "stopped");
    }

    [Fact]
    public void A_file_that_is_given_twice_is_read_as_two()
    {
        _folder.Write("in/a.jsonl", Lines([.. Enumerable.Range(0, 4000).Select(i => $"text {i} of a file that is given again and again")]));
        CorpusInput[] twice = [new(_folder.At("in")), new(_folder.At("in"))];
        Build("twice", options => options with { Inputs = twice, Threads = 4 }, [new DropEmpty()]);
        Assert.Equal(8000, Texts("twice").Count);
        Build("once", options => options with { Inputs = twice, Threads = 4 }, [new ExactDuplicates()]);
        Assert.Equal(4000, Texts("once").Count);
    }

    [Fact]
    public void Nothing_left_is_an_error_that_says_what_was_dropped_and_leaves_the_corpus_before_it()
    {
        _folder.Write("in/a.jsonl", Lines("one", "two"));
        Build("out", new DropEmpty());
        var error = Assert.Throws<CoppiceException>(() => Build("out", new DropShort(100)));

        Assert.Contains("2 dropped: too short", error.Message, StringComparison.Ordinal);
        Assert.Equal(["one", "two"], Texts("out"));
    }

    [Fact]
    public void An_input_in_the_output_is_refused_and_so_is_a_second_build_at_once()
    {
        _folder.Write("out/in/a.jsonl", Lines("one"));
        Assert.Contains("lies in the folder that is written to", Assert.Throws<CoppiceException>(() => new CorpusBuild(Options("out", [new DropEmpty()]) with
        {
            Inputs = [new CorpusInput(_folder.At("out/in"))],
        }).Run()).Message, StringComparison.Ordinal);

        _folder.Write("in/a.jsonl", Lines("one"));
        using var work = WorkFolder.Open(_folder.At("busy"));
        Assert.Contains("another build", Assert.Throws<CoppiceException>(() => Build("busy", new DropEmpty())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_result_is_named_and_nothing_is_built_from_it()
    {
        WriteMany(5);
        Build("out", new DropEmpty());
        var chunk = Directory.EnumerateFiles(_folder.At("out/.work"), "*.chunk", SearchOption.AllDirectories).First();
        var bytes = File.ReadAllBytes(chunk);
        bytes[10] ^= 1;
        File.WriteAllBytes(chunk, bytes);

        // Documents that are in the corpus already are not read again.
        Directory.Delete(_folder.At("out/documents"), recursive: true);
        Assert.Contains(chunk, Assert.Throws<CoppiceException>(() => Build("out", new DropEmpty())).Message, StringComparison.Ordinal);

        // One that was cut off, as by a loss of power, is made again without further ado.
        File.WriteAllBytes(chunk, bytes[..^100]);
        Build("out", new DropEmpty());
        Build("afresh", new DropEmpty());
        AssertEqualFolders("afresh", "out");
    }

    [Fact]
    public void Hostile_text_comes_through_all_stages_unharmed()
    {
        string[] texts = ["nul \0 and \u001f", "lone \ud800 surrogate", "line\u2028separator \"quotes\" \\ back", new string('\n', 100_000), "𝒜 astral"];
        var documents = texts.Select((text, i) => new Document($"d{i}\n\ud801", text, "s") { Score = double.NegativeInfinity, Weight = 0.5, Copies = 7, Date = "" }).ToList();
        using var lines = new DocumentLines();
        foreach (var document in documents)
        {
            var back = DocumentLines.Parse(lines.Write(document)[..^1]);
            Assert.Equal(document.Text.Replace('\ud800', '\ufffd'), back.Text);
            Assert.Equal((document.Score, document.Weight, document.Copies, document.Date), (back.Score, back.Weight, back.Copies, back.Date));
        }
    }

    private static IDocumentStep[] Filters() => [new DropShort(20), new ReplaceWord("bad", "good")];

    private static object[] Everything() => [.. Filters(), new FirstOfWord(), new ExactDuplicates(), new DropShort(30)];

    private static string Lines(params string[] texts) => string.Concat(texts.Select(text => $"{{\"text\": {JsonSerializer.Serialize(text)}}}\n"));

    // Files large enough to be several chunks of the tests' size, and small ones that share one.
    private void WriteMany(int files)
    {
        var random = new Random(5);
        for (var file = 0; file < files; file++)
        {
            var texts = Enumerable.Range(0, file % 10 == 0 ? 4000 : 60)
                .Select(_ => $"w{random.Next(3000)} {string.Join(' ', Enumerable.Range(0, random.Next(20, 60)).Select(_ => random.Next(40) == 0 ? "bad" : $"x{random.Next(900)}"))}")
                .ToList();
            texts.Add(texts[0]);
            _folder.Write(FormattableString.Invariant($"in/part-{file:00}.jsonl"), Lines([.. texts]));
        }
    }

    private CorpusBuildOptions Options(string output, IReadOnlyList<object> steps) => new()
    {
        Inputs = [new CorpusInput(_folder.At("in"))],
        Output = _folder.At(output),
        Recipe = new CurationRecipe("test", Configured(steps)),
        Threads = 2,
        ChunkCharacters = 50_000,
    };

    private static ConfiguredStep[] Configured(IReadOnlyList<object> steps) => [.. steps.Select(step => step is ICorpusStep corpusStep ? ConfiguredStep.Of(corpusStep) : ConfiguredStep.Of((IDocumentStep)step))];

    private BuildResult Build(string output, params object[] steps) => new CorpusBuild(Options(output, steps)).Run();

    private BuildResult Build(string output, Func<CorpusBuildOptions, CorpusBuildOptions> change, object[] steps) => new CorpusBuild(change(Options(output, steps))).Run();

    private BuildResult Build(
        string output, Func<CorpusBuildOptions, CorpusBuildOptions> change, ConfiguredStep[] steps, Action<BuildProgress>? show = null, CancellationToken cancellation = default) =>
        new CorpusBuild(change(Options(output, [])) with { Recipe = new CurationRecipe("test", steps) }).Run(show, cancellation);

    private List<string> Texts(string output) => [.. CuratedCorpus.Open(_folder.At(output)).Train().Select(document => document.Text)];

    private SortedDictionary<string, string> Snapshot(string output) => new(
        Directory.EnumerateFiles(_folder.At(output), "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(_folder.At(output), path))
            .Where(path => !path.StartsWith(WorkFolder.Name, StringComparison.Ordinal))
            .ToDictionary(path => path, path => Checksum.OfFile(Path.Combine(_folder.At(output), path))),
        StringComparer.Ordinal);

    private void AssertEqualFolders(string expected, string actual) => Assert.Equal(Snapshot(expected), Snapshot(actual));
}
