using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>
/// Puts the results of the last stage together to a corpus: compressed documents are copied as they are, into files of which those that an earlier build wrote stay, and counts
/// are added up. The manifest comes last.
/// </summary>
internal sealed class CorpusAssembly(
    BuildRun run, IReadOnlyList<BuildStage> stages, IReadOnlyList<IReadOnlyList<string>> chunks, CorpusReport reading, IEnumerable<QuarantinedDocument> unreadable)
{
    private const int MostShown = 50;
    private const string DocumentsPrefix = CuratedCorpus.DocumentsFolder + "/", ValidationPrefix = CuratedCorpus.ValidationFolder + "/";

    private readonly string _folder = run.Options.Output;
    private readonly List<StepStatistics> _steps =
        [.. stages.SelectMany(stage => stage.CountedSteps).Select(step => new StepStatistics { Name = step.Name })];

    private readonly CorpusProfile _profile = new();
    private readonly SortedDictionary<int, long> _lengthsIn = [];
    private readonly SortedDictionary<string, CorpusSourceCount> _train = new(StringComparer.Ordinal), _validation = new(StringComparer.Ordinal);
    private long _documentsIn, _bytesIn, _documentsOut, _bytesOut;
    private bool _hasQuarantine;

    private string ManifestPath => Path.Combine(_folder, CuratedCorpus.ManifestFile);

    /// <summary>Writes the corpus.</summary>
    /// <exception cref="CoppiceException">Nothing was left, one side of the split is empty, or the folder can't be written.</exception>
    public (CorpusManifest Manifest, BuildReport Report) Write()
    {
        run.Begin("Adding up", 0);
        using var trainLines = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var validationLines = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        AddUp(trainLines, validationLines);
        run.Begin("Writing", _bytesOut);
        RequireDocuments();
        var split = run.Options.Split;
        var files = new ShardFiles(_folder);
        var written = WriteShards(files);
        var train = PartOf(written, DocumentsPrefix, _train, trainLines);
        var validation = split.Kind == SplitKind.None ? null : PartOf(written, ValidationPrefix, _validation, validationLines);

        // From here on the report is that of another corpus than the older manifest vouches for.
        File.Delete(ManifestPath);
        var report = new BuildReport
        {
            Recipe = run.Options.Recipe.Name,
            RecipeSteps = [.. run.Options.Recipe.Steps.Select(step => new ReportedStep(step.Name, step.Options))],
            Inputs = [.. run.Options.Inputs.Select(input => input.Path)],
            Against = run.Options.Against,
            FilesRead = reading.FilesRead,
            DocumentsIn = _documentsIn,
            BytesIn = _bytesIn,
            DocumentsOut = _documentsOut,
            BytesOut = _bytesOut,
            Quarantined = WriteQuarantine(),
            DroppedByReaders = Counted(reading.Dropped),
            SkippedFiles = Counted(reading.SkippedFiles),
            Problems = Counted(reading.Problems),
            Steps = _steps,
            LengthsIn = _lengthsIn,
            Profile = _profile.ToRecord(MostShown),
            Sketches = [.. Sketching.Select(stage => SketchesIn(stage, _documentsOut, written))],
        };
        AtomicFile.WriteBytes(Path.Combine(_folder, BuildReport.FileName), JsonSerializer.SerializeToUtf8Bytes(report, BuildReport.Json));
        var manifest = new CorpusManifest
        {
            Version = CorpusManifest.CurrentVersion,
            Train = train,
            Validation = validation,
            Split = split.Kind,
            ValidationShare = split.ValidationShare,
            SplitSeed = split.Seed,
            FilesRead = reading.FilesRead,
            DocumentsRead = _documentsIn,
            BytesRead = _bytesIn,
            Dropped = Dropped(),
            SkippedFiles = reading.SkippedFiles.ToDictionary(entry => entry.Key, entry => entry.Value.Count),
            Problems = reading.Problems.ToDictionary(entry => entry.Key, entry => entry.Value.Count),
        };
        AtomicFile.WriteText(ManifestPath, JsonSerializer.Serialize(manifest, CorpusManifest.Json) + "\n");
        files.Sweep(manifest, report);
        return (manifest, report);
    }

    private void AddUp(IncrementalHash trainLines, IncrementalHash validationLines)
    {
        foreach (var stage in stages)
        {
            foreach (var (chunk, statistics, digests) in Chunks(stage.Number, chunk => (chunk, ChunkStatistics.Read(chunk), DigestsOf(stage, chunk))))
            {
                run.Cancellation.ThrowIfCancellationRequested();
                for (var step = 0; step < statistics.Steps.Count; step++) _steps[stage.FirstStep + step].Add(statistics.Steps[step]);
                _hasQuarantine |= chunk.Length(ChunkSection.Quarantine) > 0;
                if (stage.Number == 0) AddRead(chunk, statistics);
                if (!stage.IsLast) continue;
                AddKept(chunk, statistics);
                trainLines.AppendData(digests.Train);
                validationLines.AppendData(digests.Validation);
            }
        }
    }

    private static (byte[] Train, byte[] Validation) DigestsOf(BuildStage stage, ChunkFile chunk) =>
        stage.IsLast ? (chunk.Read(ChunkSection.Digests), chunk.Read(ChunkSection.ValidationDigests)) : ([], []);

    private void AddRead(ChunkFile chunk, ChunkStatistics statistics)
    {
        _documentsIn += chunk.DocumentsIn;
        _bytesIn += statistics.BytesIn;
        foreach (var (length, count) in statistics.LengthsIn) _lengthsIn[length] = _lengthsIn.GetValueOrDefault(length) + count;
    }

    private void AddKept(ChunkFile chunk, ChunkStatistics statistics)
    {
        _documentsOut += chunk.DocumentsOut;
        _bytesOut += chunk.BytesOut;
        _profile.Add(statistics.Profile!);
        ChunkStatistics.AddSources(_train, statistics.Train);
        ChunkStatistics.AddSources(_validation, statistics.Validation);
    }

    private void RequireDocuments()
    {
        if (_documentsOut == 0)
        {
            var reasons = reading.SkippedFiles.Select(entry => $"{entry.Value.Count} file(s) skipped: {entry.Key}")
                .Concat(Dropped().Select(entry => $"{entry.Value} dropped: {entry.Key}"))
                .ToList();
            var found = reasons.Count == 0 ? "there were no files" : string.Join("; ", reasons);
            throw new CoppiceException(
                $"{string.Join(", ", run.Options.Inputs.Select(input => input.Path))}: no text was found that is left after all steps ({found}). "
                + $"Name files or folders with text in one of these formats: {string.Join(", ", DocumentReaders.All.Select(reader => reader.Format))}.");
        }

        if (run.Options.Split.Kind != SplitKind.None && (_train.Count == 0 || _validation.Count == 0)) throw CorpusWriter.OneSideEmpty(_folder, run.Options.Split, _train.Values.Sum(source => source.Documents), _validation.Values.Sum(source => source.Documents));
    }

    // The files of the corpus by their prefix, in order.
    private ILookup<string, CorpusFile> WriteShards(ShardFiles files)
    {
        var last = stages.Count - 1;
        var shards = CorpusShard.Of(Chunks(last, chunk => chunk), run.Options.ShardBytes);
        var divided = run.Options.Split.Kind == SplitKind.None ? [] : shards;
        var planned = shards.Select(shard => PlanDocuments(shard, DocumentsPrefix, ChunkSection.Documents, ChunkSection.Digests))
            .Concat(divided.Select(shard => PlanDocuments(shard, ValidationPrefix, ChunkSection.Validation, ChunkSection.ValidationDigests)))
            .Concat(Sketching.SelectMany(stage => shards.Select(shard => PlanSketches(stage, shard))))
            .OfType<PlannedFile>()
            .ToList();

        // Where two runs of chunks hold the same, they share a file.
        var distinct = planned.DistinctBy(file => file.Name).ToList();
        var written = new CorpusFile[distinct.Count];
        var next = -1;
        run.InParallel(Enumerable.Repeat<Action<CancellationToken>>(
            stop =>
            {
                while (Interlocked.Increment(ref next) is var number && number < distinct.Count)
                {
                    stop.ThrowIfCancellationRequested();
                    var file = distinct[number];
                    var before = files.Find(file.Name);
                    written[number] = before ?? files.Write(file.Name, file.Pieces, file.ToDisk);
                    run.Advance(file.Bytes, file.Documents, reused: before is not null);
                }
            },
            run.Threads));
        var byName = written.ToDictionary(file => file.File, StringComparer.Ordinal);
        return planned.ToLookup(file => file.Prefix, file => byName[file.Name], StringComparer.Ordinal);
    }

    // Null where the documents of the run are all on the other side of the split.
    private PlannedFile? PlanDocuments(CorpusShard shard, string prefix, ChunkSection section, ChunkSection digests)
    {
        var (lines, bytes, documents) = (0L, 0L, 0L);
        var contents = new List<string>();
        foreach (var chunk in shard.Chunks.Select(number => Open(stages.Count - 1, number)))
        {
            contents.Add(Convert.ToHexStringLower(chunk.Digest(section)));
            lines += chunk.Length(digests);
            bytes += chunk.BytesOut;
            documents += chunk.DocumentsOut;
        }

        if (lines == 0) return null;
        var pieces = shard.Chunks.Select(number => (ReadOnlyMemory<byte>)Open(stages.Count - 1, number).Read(section));
        return new PlannedFile(prefix, ShardFiles.Name(prefix, contents, CuratedCorpus.DocumentsEnding), pieces, ToDisk: true, bytes, documents);
    }

    // Sketches are no part of what is trained on, and have a checksum: nobody waits until the disk has them.
    private PlannedFile PlanSketches(BuildStage stage, CorpusShard shard)
    {
        var contents = shard.Chunks.SelectMany(chunk => Enumerable.Range(stage.Number + 1, stages.Count - 1 - stage.Number)
            .Select(later => Open(later, chunk).Digest(ChunkSection.Kept).ToArray())
            .Prepend(Open(stage.Number, chunk).Digest(ChunkSection.Sketches).ToArray()));
        var prefix = PrefixOf(stage);
        return new PlannedFile(
            prefix, ShardFiles.Name(prefix, contents.Select(digest => Convert.ToHexStringLower(digest)), ""), shard.Chunks.Select(chunk => SketchesOf(stage.Number, chunk)), ToDisk: false, 0, 0);
    }

    private static StepSketches SketchesIn(BuildStage stage, long documents, ILookup<string, CorpusFile> written)
    {
        var step = (ICorpusStep)stage.Decides!.Step;
        return new StepSketches(step.Name, step.SketchVersion, documents, [.. written[PrefixOf(stage)]]);
    }

    private IEnumerable<BuildStage> Sketching => stages.Where(stage => stage.Decides?.Step is ICorpusStep);

    private static string PrefixOf(BuildStage stage) => FormattableString.Invariant($"{EarlierSketches.Folder}/{stage.Number + 1}-{((ICorpusStep)stage.Decides!.Step).Name}-");

    private static CorpusPart PartOf(ILookup<string, CorpusFile> written, string prefix, SortedDictionary<string, CorpusSourceCount> sources, IncrementalHash lines) => new()
    {
        Files = [.. written[prefix]],
        Documents = sources.Values.Sum(source => source.Documents),
        Bytes = sources.Values.Sum(source => source.Bytes),
        Fingerprint = Convert.ToHexStringLower(lines.GetHashAndReset()),
        Sources = sources,
    };

    private long WriteQuarantine()
    {
        var path = Path.Combine(_folder, BuildReport.QuarantineFile);
        if (!_hasQuarantine && !unreadable.Any())
        {
            File.Delete(path);
            return 0;
        }

        var lines = 0L;
        AtomicFile.Write(path, stream =>
        {
            foreach (var document in unreadable)
            {
                JsonSerializer.Serialize(stream, document, DocumentTrace.Json);
                stream.WriteByte((byte)'\n');
                lines++;
            }

            foreach (var section in Enumerable.Range(0, stages.Count).SelectMany(stage => Chunks(stage, chunk => chunk.Read(ChunkSection.Quarantine))))
            {
                stream.Write(section);
                lines += section.AsSpan().Count((byte)'\n');
            }
        });
        return lines;
    }

    // The sketches of what is left of a chunk, behind their length.
    private ReadOnlyMemory<byte> SketchesOf(int stage, int chunk)
    {
        var kept = KeptToTheEnd(stage, chunk);
        var all = Open(stage, chunk).Read(ChunkSection.Sketches);
        var block = new byte[sizeof(int) + all.Length];
        var end = sizeof(int);
        foreach (var (record, isKept) in SketchRecords.Read(all, 0, isEarlier: false).Zip(kept))
        {
            if (!isKept) continue;
            record.Record.CopyTo(block.AsMemory(end));
            end += record.Record.Length;
        }

        BinaryPrimitives.WriteInt32LittleEndian(block, end - sizeof(int));
        return block.AsMemory(0, end);
    }

    private IEnumerable<T> Chunks<T>(int stage, Func<ChunkFile, T> read) => Ahead.Select(chunks[stage], run.Threads, key => read(ChunkFile.Open(run.Work.Chunk(key))));

    private ChunkFile Open(int stage, int chunk) => ChunkFile.Open(run.Work.Chunk(chunks[stage][chunk]));

    // For each document that came out of a stage, whether it also came out of all the stages after it.
    private bool[] KeptToTheEnd(int stage, int chunk)
    {
        var kept = Enumerable.Repeat(true, (int)Open(stages.Count - 1, chunk).DocumentsOut).ToArray();
        for (var later = stages.Count - 1; later > stage; later--)
        {
            var section = Open(later, chunk).Read(ChunkSection.Kept);
            var next = 0;
            kept = [.. section.Select(byteKept => byteKept == 1 && kept[next++])];
        }

        return kept;
    }

    private Dictionary<string, long> Dropped()
    {
        var dropped = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (reason, counted) in reading.Dropped) dropped[reason] = counted.Count;
        foreach (var (reason, counted) in _steps.SelectMany(step => step.Reasons)) dropped[reason] = dropped.GetValueOrDefault(reason) + counted.Documents;
        return new Dictionary<string, long>(dropped);
    }

    private static SortedDictionary<string, CountedExamples> Counted(IReadOnlyDictionary<string, ReportedCount> counts) =>
        new(counts.ToDictionary(entry => entry.Key, entry => new CountedExamples(entry.Value.Count, entry.Value.Examples)), StringComparer.Ordinal);

    // A file that the corpus needs, and what it holds in pieces that are read when they are written.
    private sealed record PlannedFile(string Prefix, string Name, IEnumerable<ReadOnlyMemory<byte>> Pieces, bool ToDisk, long Bytes, long Documents);
}
