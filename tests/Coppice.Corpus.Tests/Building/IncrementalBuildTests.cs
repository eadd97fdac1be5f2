using System.Globalization;
using System.Text.Json;
using Coppice.Corpus.Building;
using Coppice.Corpus.Deduplication;
using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Corpus.Tests.Building;

/// <summary>What a build after a first one does again, and that its result is that of building afresh, byte for byte.</summary>
public sealed class IncrementalBuildTests : IDisposable
{
    private const int ShardBytes = 30_000;

    private static readonly DateTime LongAgo = new(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private readonly TemporaryFolder _folder = new();
    private readonly Random _random = new(11);
    private readonly List<string> _texts = [];
    private readonly FailsOn _last = new("nothing");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void New_files_leave_the_files_of_the_corpus_that_they_do_not_fall_into()
    {
        WriteFiles(50, documents: 300);
        Build("out");
        var before = FilesOf("out");
        Assert.InRange(before.Count, 20, 1000);
        foreach (var file in before) File.SetLastWriteTimeUtc(file, LongAgo);
        WriteFile("part-12b", Fresh(300));
        WriteFile("part-99", Fresh(300));
        Build("out");

        var after = FilesOf("out");
        var kept = after.Count(file => File.GetLastWriteTimeUtc(file) == LongAgo);
        Assert.Equal(before.Intersect(after).Count(), kept);
        Assert.InRange(after.Count - kept, 2, after.Count / 3);
        AssertAsAfresh("out");
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 0)]
    public void New_documents_that_repeat_older_ones_give_what_building_afresh_gives(int threads, long memory)
    {
        WriteFiles(12, documents: 200);
        Build("out");

        // Copies, copies that are preferred because they are longer, and copies in a file that comes before those that it repeats.
        WriteFile("part-99", [.. _texts.Where((_, i) => i % 40 == 0), .. _texts.Where((_, i) => i % 40 == 7).Select(text => text + " and some more"), .. Fresh(50)]);
        Build("out", options => options with { Threads = threads, Memory = memory });
        AssertAsAfresh("out");
        WriteFile("part-00a", [.. _texts.Where((_, i) => i % 50 == 3), .. _texts.Where((_, i) => i % 50 == 9).Select(text => "Once more: " + text)]);
        Build("out", options => options with { Threads = threads, Memory = memory });
        AssertAsAfresh("out");
        Assert.InRange(CuratedCorpus.Open(_folder.At("out")).Manifest.Dropped["near duplicate"], 80, 400);
        Assert.InRange(CuratedCorpus.Open(_folder.At("out")).Train().Count(document => document.Copies > 1), 100, 600);

        File.Delete(_folder.At("in/part-99.jsonl"));
        Build("out", options => options with { Threads = threads, Memory = memory });
        AssertAsAfresh("out");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Files_that_come_and_go_and_change_give_what_building_afresh_gives(int seed)
    {
        var random = new Random(seed);
        WriteFiles(6, documents: 100);
        Build("out");
        for (var round = 0; round < 6; round++)
        {
            var files = Directory.GetFiles(_folder.At("in")).Order(StringComparer.Ordinal).ToList();
            if (round % 3 == 1) File.Delete(files[random.Next(files.Count)]);
            if (round % 3 == 2) File.AppendAllText(files[random.Next(files.Count)], $"{{\"text\": {JsonSerializer.Serialize(_texts[random.Next(_texts.Count)])}}}\n");

            // Copies, and copies with a word more that make one of two texts that had nothing to do with each other.
            var texts = Enumerable.Range(0, 30).Select(_ => random.Next(4) switch
            {
                0 => _texts[random.Next(_texts.Count)],
                1 => _texts[random.Next(_texts.Count)] + " and more",
                2 => $"{_texts[random.Next(_texts.Count)]} {_texts[random.Next(_texts.Count)]}",
                _ => Fresh(1)[0],
            }).ToList();
            WriteFile(FormattableString.Invariant($"part-{random.Next(8):00}-{round}"), texts);
            _texts.AddRange(texts);
            Build("out", options => options with { Threads = 1 + random.Next(3) });
            AssertAsAfresh("out");
        }
    }

    [Fact]
    public void A_step_that_links_documents_decides_on_what_changed_and_what_that_is_linked_with()
    {
        var step = new LinkedByWord();
        long LookedAtAndAsAfresh(string afresh, long memory = 0)
        {
            CorpusBuildOptions WithStep(CorpusBuildOptions options) =>
                options with { Memory = memory, Recipe = new CurationRecipe("linked", [ConfiguredStep.Of(step), ConfiguredStep.Of(_last)]) };
            var before = step.LookedAt;
            Build("out", WithStep);
            var lookedAt = step.LookedAt - before;
            Build(afresh, WithStep);
            Assert.Equal(Snapshot(afresh), Snapshot("out"));
            return lookedAt;
        }

        WriteFiles(4, documents: 300);
        Assert.Equal(1200, LookedAtAndAsAfresh("first"));
        WriteFile("part-02b", Fresh(100));
        Assert.InRange(LookedAtAndAsAfresh("grown"), 101, 200);
        WriteFile("part-99", [$"{_texts[700].Split(' ')[0]} is a word that it begins with"]);
        Assert.InRange(LookedAtAndAsAfresh("linked"), 2, 10);
        File.Delete(_folder.At("in/part-99.jsonl"));
        Assert.InRange(LookedAtAndAsAfresh("shrunk"), 1, 9);

        var decided = Assert.Single(Directory.GetFiles(_folder.At("out/.work"), "*.decided", SearchOption.AllDirectories));
        File.WriteAllBytes(decided, [.. File.ReadAllBytes(decided).Select((value, i) => i == 200 ? (byte)~value : value)]);
        WriteFile("part-99", Fresh(1));
        Assert.Equal(1301, LookedAtAndAsAfresh("damaged"));
        WriteFile("part-99", Fresh(2));
        Assert.Equal(1302, LookedAtAndAsAfresh("little memory", memory: 1));
    }

    [Fact]
    public void A_build_that_is_stopped_on_the_way_leaves_the_earlier_corpus_and_goes_on()
    {
        WriteFiles(6, documents: 200);
        Build("out");
        var earlier = CuratedCorpus.Open(_folder.At("out")).Train().ToList();
        WriteFile("part-02b", [.. Fresh(200), .. _texts.Take(30)]);
        var stoppedWhile = new HashSet<string>();
        for (var (stopAt, isDone) = (1, false); !isDone; stopAt += 2)
        {
            var calls = 0;
            try
            {
                new CorpusBuild(Options("out")).Run(progress =>
                {
                    if (++calls != stopAt) return;
                    stoppedWhile.Add(progress.Doing);
                    throw new InvalidOperationException("stopped");
                });
                isDone = true;
            }
            catch (InvalidOperationException)
            {
                Assert.Equal(earlier, CuratedCorpus.Open(_folder.At("out")).Train());
            }
        }

        Assert.Superset(new HashSet<string> { "Reading", "Writing" }, stoppedWhile);
        AssertAsAfresh("out");
    }

    [Fact]
    public void Of_a_chunk_of_which_a_document_is_decided_otherwise_only_its_neighbours_are_done_again()
    {
        static CorpusBuildOptions InLargeChunks(CorpusBuildOptions options) => options with { ChunkCharacters = 1 << 22 };
        WriteFiles(2, documents: 3000);
        Build("out", InLargeChunks);
        var before = _last.Seen;
        string[] repeating = [_texts[100], _texts[2000] + " and some more", _texts[4000], _texts[5000] + " and some more"];
        WriteFile("part-99", repeating);
        Build("out", InLargeChunks);

        Assert.InRange(_last.Seen - before, repeating.Length, before / 4);
        Build("afresh", InLargeChunks);
        Assert.Equal(Snapshot("afresh"), Snapshot("out"));
        Assert.Equal(4, CuratedCorpus.Open(_folder.At("out")).Train().Count(document => document.Copies == 2));
    }

    [Fact]
    public void Of_a_file_that_grew_the_later_steps_see_what_is_new_and_its_neighbours()
    {
        static CorpusBuildOptions InLargeChunks(CorpusBuildOptions options) => options with { ChunkCharacters = 1 << 18 };
        WriteFiles(1, documents: 3000);
        Build("out", InLargeChunks);
        var before = _last.Seen;
        WriteFile("part-00", [.. _texts, .. Fresh(100)]);
        Build("out", InLargeChunks);

        Assert.InRange(_last.Seen - before, 100, before / 4);
        Build("afresh", InLargeChunks);
        Assert.Equal(Snapshot("afresh"), Snapshot("out"));
    }

    [Fact]
    public void What_was_cut_off_or_deleted_is_written_again_and_what_is_somebody_elses_stays()
    {
        WriteFiles(6, documents: 200);
        Build("out");
        var expected = Snapshot("out");
        var files = FilesOf("out");
        File.Delete(files[0]);
        File.WriteAllBytes(files[1], File.ReadAllBytes(files[1])[..^7]);
        foreach (var decisions in Directory.EnumerateFiles(_folder.At("out/.work"), "*.decisions", SearchOption.AllDirectories))
        {
            using var file = File.OpenWrite(decisions);
            file.SetLength(file.Length - 9);
        }

        foreach (var unit in Directory.EnumerateFiles(_folder.At("out/.work"), "*.unit", SearchOption.AllDirectories).Take(1)) File.WriteAllBytes(unit, new byte[100]);
        var letter = _folder.Write("out/documents/letter.txt", "mine");
        var left = _folder.Write($"out/documents/{new string('0', 32)}.jsonl.gz.writing", "of a build that was killed");
        Build("out");

        Assert.False(File.Exists(left));
        Assert.True(File.Exists(letter));
        File.Delete(letter);
        Assert.Equal(expected, Snapshot("out"));
    }

    [Fact]
    public void A_corpus_of_several_files_is_read_in_order_and_without_those_for_validation()
    {
        WriteFiles(12, documents: 200);
        Build("out", options => options with { Split = CorpusSplit.ByDocument(0.2) });
        var corpus = CuratedCorpus.Open(_folder.At("out"));
        Assert.True(corpus.Manifest.Train.Files.Count > 3 && corpus.Manifest.Validation!.Files.Count > 3);
        Assert.Equal(corpus.Train(), ReaderTests.Read(_folder.At("out")).Documents);
        var first = corpus.Manifest.Train.Files[0].File;
        Assert.Equal(ReaderTests.Read(_folder.At($"out/{first}")).Documents, corpus.Train().Take(ReaderTests.Read(_folder.At($"out/{first}")).Documents.Count));

        // Without validation, its files go.
        Build("out");
        Assert.False(Directory.Exists(_folder.At("out/validation")));
        AssertAsAfresh("out");
    }

    [Theory]
    [InlineData("../elsewhere.jsonl.gz")]
    [InlineData("documents/../../elsewhere.jsonl.gz")]
    [InlineData("/etc/hosts")]
    [InlineData("")]
    public void A_manifest_that_names_other_files_than_documents_is_refused(string name)
    {
        WriteFiles(1, documents: 20);
        Build("out");
        var manifest = JsonSerializer.Deserialize<CorpusManifest>(File.ReadAllBytes(_folder.At("out/corpus.json")), CorpusManifest.Json)!;
        var hostile = manifest with { Train = manifest.Train with { Files = [new CorpusFile(name, 1, "")] } };
        File.WriteAllText(_folder.At("out/corpus.json"), JsonSerializer.Serialize(hostile, CorpusManifest.Json));
        Assert.Contains("names files that are none of a corpus", Assert.Throws<CoppiceException>(() => CuratedCorpus.Open(_folder.At("out"))).Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => ReaderTests.Read(_folder.At("out")));
    }

    private List<string> Fresh(int documents) => [.. Enumerable.Range(0, documents).Select(_ => string.Join(' ', Enumerable.Range(0, _random.Next(20, 90)).Select(_ => Word(_random.Next(5000)))))];

    // Of letters: what compares words takes all digits for the same.
    private static string Word(int number) => string.Concat(number.ToString("D4", CultureInfo.InvariantCulture).Select(digit => (char)('a' + digit - '0')));

    private void WriteFiles(int files, int documents)
    {
        for (var file = 0; file < files; file++)
        {
            var texts = Fresh(documents);
            _texts.AddRange(texts);
            WriteFile(FormattableString.Invariant($"part-{file:00}"), texts);
        }
    }

    private void WriteFile(string name, IEnumerable<string> texts)
    {
        var path = _folder.Write($"in/{name}.jsonl", string.Concat(texts.Select(text => $"{{\"text\": {JsonSerializer.Serialize(text)}}}\n")));
        File.SetLastWriteTimeUtc(path, LongAgo);
    }

    private CorpusBuildOptions Options(string output) => new()
    {
        Inputs = [new CorpusInput(_folder.At("in"))],
        Output = _folder.At(output),
        Recipe = new CurationRecipe(
            "test",
            [ConfiguredStep.Of(new DropShort(5)), ConfiguredStep.Of(new ExactDocuments()), ConfiguredStep.Of(new MinHashDuplicates()), ConfiguredStep.Of(new ReplaceWord("aabb ", "y ")), ConfiguredStep.Of(_last)]),
        Threads = 2,
        ChunkCharacters = 30_000,
        ShardBytes = ShardBytes,
    };

    private void Build(string output, Func<CorpusBuildOptions, CorpusBuildOptions>? change = null) => new CorpusBuild(change?.Invoke(Options(output)) ?? Options(output)).Run();

    private void AssertAsAfresh(string output)
    {
        var afresh = $"afresh-{Directory.GetDirectories(_folder.Root).Length}";
        Build(afresh);
        Assert.Equal(Snapshot(afresh), Snapshot(output));
    }

    private List<string> FilesOf(string output) =>
        [.. new[] { "documents", "sketches" }.SelectMany(folder => Directory.GetFiles(_folder.At($"{output}/{folder}"))).Order(StringComparer.Ordinal)];

    private SortedDictionary<string, string> Snapshot(string output) => new(
        Directory.EnumerateFiles(_folder.At(output), "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(_folder.At(output), path))
            .Where(path => !path.StartsWith(WorkFolder.Name, StringComparison.Ordinal))
            .ToDictionary(path => path, path => Checksum.OfFile(Path.Combine(_folder.At(output), path))),
        StringComparer.Ordinal);
}
