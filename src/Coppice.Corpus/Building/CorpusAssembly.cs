using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>Puts the results of the last stage together to a corpus: compressed documents are copied as they are, counts added up. The manifest comes last.</summary>
internal sealed class CorpusAssembly(
    BuildRun run, IReadOnlyList<BuildStage> stages, IReadOnlyList<IReadOnlyList<string>> chunks, CorpusReport reading, IEnumerable<QuarantinedDocument> unreadable)
{
    private const int MostShown = 50;
    private const string SketchFolder = "sketches";

    private readonly string _folder = run.Options.Output;
    private readonly List<StepStatistics> _steps =
        [.. stages.SelectMany(stage => stage.CountedSteps).Select(step => new StepStatistics { Name = step.Name })];

    private readonly CorpusProfile _profile = new();
    private readonly SortedDictionary<int, long> _lengthsIn = [];
    private readonly SortedDictionary<string, CorpusSourceCount> _train = new(StringComparer.Ordinal), _validation = new(StringComparer.Ordinal);
    private long _documentsIn, _bytesIn, _documentsOut, _bytesOut;

    private string ManifestPath => Path.Combine(_folder, CuratedCorpus.ManifestFile);

    /// <summary>Writes the corpus.</summary>
    /// <exception cref="CoppiceException">Nothing was left, one side of the split is empty, or the folder can't be written.</exception>
    public (CorpusManifest Manifest, BuildReport Report) Write()
    {
        run.Begin("Adding up", 0);
        AddUp();
        run.Begin("Writing", _bytesOut);
        RequireDocuments();
        var split = run.Options.Split;
        CorpusPart train = null!;
        CorpusPart? validation = null;
        SketchFile[] sketches = [];
        var sketchFolder = run.Work.Temporary(SketchFolder);
        // Waiting for the disk, which is most of it, is waited for once.
        run.InParallel(
        [
            _ =>
            {
                train = WritePart(CuratedCorpus.DocumentsFile, ChunkSection.Documents, ChunkSection.Digests, _train);
                if (split.Kind != SplitKind.None) validation = WritePart(CuratedCorpus.ValidationFile, ChunkSection.Validation, ChunkSection.ValidationDigests, _validation);
            },
            stop => sketches = [.. WriteSketches(sketchFolder, stop)],
        ]);
        if (validation is null) File.Delete(Path.Combine(_folder, CuratedCorpus.ValidationFile));
        PutInPlace(sketchFolder);
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
            Sketches = sketches,
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
        return (manifest, report);
    }

    private void AddUp()
    {
        for (var stage = 0; stage < stages.Count; stage++)
        {
            foreach (var (chunk, statistics) in Chunks(stage, chunk => (chunk, ChunkStatistics.Read(chunk))))
            {
                run.Cancellation.ThrowIfCancellationRequested();
                for (var step = 0; step < statistics.Steps.Count; step++) _steps[stages[stage].FirstStep + step].Add(statistics.Steps[step]);
                if (stage == 0) AddRead(chunk, statistics);
                if (stages[stage].IsLast) AddKept(chunk, statistics);
            }
        }
    }

    private void AddRead(ChunkFile chunk, ChunkStatistics statistics)
    {
        _documentsIn += chunk.DocumentsIn;
        _bytesIn += statistics.BytesIn;
        foreach (var (length, count) in statistics.LengthsIn!) _lengthsIn[length] = _lengthsIn.GetValueOrDefault(length) + count;
    }

    private void AddKept(ChunkFile chunk, ChunkStatistics statistics)
    {
        _documentsOut += chunk.DocumentsOut;
        _bytesOut += chunk.BytesOut;
        _profile.Add(statistics.Profile!);
        foreach (var (all, own) in new[] { (_train, statistics.Train), (_validation, statistics.Validation) })
        {
            foreach (var (source, count) in own)
            {
                var before = all.GetValueOrDefault(source, new CorpusSourceCount(0, 0));
                all[source] = new CorpusSourceCount(before.Documents + count.Documents, before.Bytes + count.Bytes);
            }
        }
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

    private CorpusPart WritePart(string file, ChunkSection section, ChunkSection digests, SortedDictionary<string, CorpusSourceCount> sources)
    {
        using var lines = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var bytes = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        AtomicFile.Write(Path.Combine(_folder, file), stream =>
        {
            foreach (var (chunk, member, ofLines) in Chunks(stages.Count - 1, chunk => (chunk, chunk.Read(section), chunk.Read(digests))))
            {
                run.Cancellation.ThrowIfCancellationRequested();
                stream.Write(member);
                bytes.AppendData(member);
                lines.AppendData(ofLines);
                run.Advance(chunk.BytesOut, chunk.DocumentsOut);
            }

            // From here on the files change: an older manifest would vouch for documents that are no longer there.
            File.Delete(ManifestPath);
        });
        return new CorpusPart
        {
            File = file,
            Documents = sources.Values.Sum(source => source.Documents),
            Bytes = sources.Values.Sum(source => source.Bytes),
            Fingerprint = Convert.ToHexStringLower(lines.GetHashAndReset()),
            Sha256 = Convert.ToHexStringLower(bytes.GetHashAndReset()),
            Sources = sources,
        };
    }

    private long WriteQuarantine()
    {
        var path = Path.Combine(_folder, BuildReport.QuarantineFile);
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
        if (lines == 0) File.Delete(path);
        return lines;
    }

    private IEnumerable<SketchFile> WriteSketches(string folder, CancellationToken stop)
    {
        foreach (var stage in stages.Where(stage => stage.Decides?.Step is ICorpusStep))
        {
            var step = (ICorpusStep)stage.Decides!.Step;
            var name = FormattableString.Invariant($"{stage.Number + 1}-{step.Name}");
            using var checksum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            AtomicFile.Write(
                Path.Combine(folder, name),
                stream =>
                {
                    foreach (var block in Ahead.Select(Enumerable.Range(0, chunks[0].Count), run.Threads, chunk => SketchesOf(stage.Number, chunk)))
                    {
                        stop.ThrowIfCancellationRequested();
                        stream.Write(block);
                        checksum.AppendData(block);
                    }
                },
                toDisk: false);
            yield return new SketchFile(step.Name, step.SketchVersion, $"{SketchFolder}/{name}", _documentsOut, Convert.ToHexStringLower(checksum.GetHashAndReset()));
        }
    }

    private void PutInPlace(string sketches)
    {
        var place = Path.Combine(_folder, SketchFolder);
        if (Directory.Exists(place)) Directory.Delete(place, recursive: true);
        if (Directory.EnumerateFiles(sketches).Any()) Directory.Move(sketches, place);
        else Directory.Delete(sketches);
    }

    // The sketches of what is left of a chunk, behind their length.
    private byte[] SketchesOf(int stage, int chunk)
    {
        var kept = KeptToTheEnd(stage, chunk);
        var all = ChunkFile.Open(run.Work.Chunk(chunks[stage][chunk])).Read(ChunkSection.Sketches);
        var block = new byte[sizeof(int) + all.Length];
        var end = sizeof(int);
        foreach (var (record, isKept) in SketchRecords.Read(all, 0, isEarlier: false).Zip(kept))
        {
            if (!isKept) continue;
            record.Record.CopyTo(block.AsMemory(end));
            end += record.Record.Length;
        }

        BinaryPrimitives.WriteInt32LittleEndian(block, end - sizeof(int));
        return block[..end];
    }

    private IEnumerable<T> Chunks<T>(int stage, Func<ChunkFile, T> read) => Ahead.Select(chunks[stage], run.Threads, key => read(ChunkFile.Open(run.Work.Chunk(key))));

    // For each document that came out of a stage, whether it also came out of all the stages after it.
    private bool[] KeptToTheEnd(int stage, int chunk)
    {
        var kept = Enumerable.Repeat(true, (int)ChunkFile.Open(run.Work.Chunk(chunks[^1][chunk])).DocumentsOut).ToArray();
        for (var later = stages.Count - 1; later > stage; later--)
        {
            var section = ChunkFile.Open(run.Work.Chunk(chunks[later][chunk])).Read(ChunkSection.Kept);
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
}
