using System.Collections.Concurrent;
using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>
/// The first stage: files are read, their documents cut into chunks, and the chunks divided among threads. What was read of a unit of files, and each chunk, is kept
/// under a key made of the files' content: only what is not there yet is done.
/// </summary>
internal sealed class ReadingStage(BuildRun run, BuildStage stage, IReadOnlyList<InputUnit> units, CorpusReport report)
{
    private const int ThreadsPerReader = 4;

    private readonly IReadOnlyList<string>[] _chunks = new IReadOnlyList<string>[units.Count];
    private readonly UnitRecord?[] _records = new UnitRecord?[units.Count];
    private readonly string?[] _keys = new string?[units.Count];
    private readonly BlockingCollection<Job> _jobs = [];
    private readonly ByteBudget _budget = run.Budget();
    private readonly ConcurrentDictionary<string, bool> _handed = [];
    private readonly Lock _writing = new();
    private int _nextUnit = -1;
    private int _readersLeft;

    private sealed record Job(List<Document> Documents, long Characters, string Path);

    /// <summary>The files of results that this stage used, beside the chunks.</summary>
    public IEnumerable<string> Used => _keys.OfType<string>().SelectMany(key => new[] { run.Work.Unit(key), run.Work.ChangedUnit(key) });

    /// <summary>What can't be read and has no document.</summary>
    public IEnumerable<QuarantinedDocument> Quarantine =>
        _records.SelectMany(record => record!.TooLarge).Select(where => new QuarantinedDocument(UnitRecord.Step, DropReasons.TooLarge, null, where, null));

    /// <summary>What chunks are called, in order: by the first file that they were read from, and their number there, whatever it holds by now.</summary>
    public IReadOnlyList<string> Names =>
        [.. units.SelectMany((unit, number) => _chunks[number].Select((_, chunk) => string.Create(CultureInfo.InvariantCulture, $"{chunk} {unit.Files[0].Found.Id}")))];

    /// <summary>Does the stage.</summary>
    /// <returns>The keys of the chunks, in order.</returns>
    public IReadOnlyList<string> Run()
    {
        run.Begin("Reading", units.Sum(unit => unit.Bytes));
        using var fingerprints = new FileFingerprints(run.Work);
        _readersLeft = 1 + (run.Threads / ThreadsPerReader);
        run.InParallel(
            Enumerable.Repeat<Action<CancellationToken>>(stop => ReadUnits(fingerprints, stop), _readersLeft)
                .Concat(Enumerable.Repeat<Action<CancellationToken>>(Work, run.Threads)));
        foreach (var record in _records) record!.AddTo(report);
        return [.. _chunks.SelectMany(chunks => chunks)];
    }

    private void Work(CancellationToken stop)
    {
        using var worker = new StageWorker(stage, run.Options.Split);
        foreach (var job in _jobs.GetConsumingEnumerable(stop))
        {
            var documents = worker.Process([new ChunkPart(null, job.Documents, [])], earlier: null, job.Path, stop);
            _budget.Release(BuildRun.Cost(job.Characters));
            run.CountChunk(reused: false);
            run.Advance(0, documents);
        }
    }

    private void ReadUnits(FileFingerprints fingerprints, CancellationToken stop)
    {
        while (Interlocked.Increment(ref _nextUnit) is var number && number < units.Count) ReadUnit(number, fingerprints, stop);
        if (Interlocked.Decrement(ref _readersLeft) == 0) _jobs.CompleteAdding();
    }

    private void ReadUnit(int number, FileFingerprints fingerprints, CancellationToken stop)
    {
        var record = new UnitRecord();
        var files = new List<InputFile>();
        var digests = new List<string>();
        foreach (var file in units[number].Files)
        {
            stop.ThrowIfCancellationRequested();
            try
            {
                digests.Add(fingerprints.Of(file));
                files.Add(file);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                record.Unreadable(file.Found.Path, error.Message);
            }
        }

        var unit = new InputUnit(files);
        var key = unit.Key(digests, HowToRead());
        DeleteChanged(key);
        if (WorkFolder.ReadJson<UnitRecord>(run.Work.Unit(key)) is { } known && Enumerable.Range(0, known.Chunks).All(chunk => ChunkFile.Exists(PathOf(key, chunk))))
        {
            for (var chunk = 0; chunk < known.Chunks; chunk++) run.CountChunk(reused: true);
            run.Advance(units[number].Bytes, 0, reused: true);
            record.Add(known);
        }
        else
        {
            var read = ReadChunks(unit, key, stop);
            lock (_writing)
            {
                if (unit.Files.Any(file => file.HasChanged())) AtomicFile.WriteText(run.Work.ChangedUnit(key), "");
                else WorkFolder.WriteJson(run.Work.Unit(key), read);
            }

            record.Add(read);
        }

        _keys[number] = key;
        _records[number] = record;
        _chunks[number] = [.. Enumerable.Range(0, record.Chunks).Select(chunk => ChunkKey(key, chunk))];
    }

    private UnitRecord ReadChunks(InputUnit unit, string key, CancellationToken stop)
    {
        var record = new UnitRecord();
        var documents = new List<Document>();
        var characters = 0L;
        foreach (var file in unit.Files)
        {
            var bytesLeft = file.Bytes;
            var report = record.NewReport(bytes =>
            {
                bytesLeft -= bytes;
                run.Advance(bytes, 0);
            });
            foreach (var document in file.Input.ReadFile(file.Found, run.Options.Reading, report))
            {
                stop.ThrowIfCancellationRequested();
                documents.Add(document);
                characters += document.Text.Length;
                if (characters < run.Options.ChunkCharacters) continue;
                Hand(documents, characters, PathOf(key, record.Chunks++), stop);
                (documents, characters) = ([], 0);
            }

            record.Take(report, file.HasChanged() ? file.Found.Path : null);
            run.Advance(bytesLeft, 0);
        }

        if (documents.Count > 0) Hand(documents, characters, PathOf(key, record.Chunks++), stop);
        return record;
    }

    private void Hand(List<Document> documents, long characters, string path, CancellationToken stop)
    {
        // The same file may be there twice, and its chunks are made once.
        if (!_handed.TryAdd(path, true) || ChunkFile.Exists(path))
        {
            run.CountChunk(reused: true);
            return;
        }

        _budget.Take(BuildRun.Cost(characters), stop);
        _jobs.Add(new Job(documents, characters, path), stop);
    }

    private void DeleteChanged(string key)
    {
        if (!File.Exists(run.Work.ChangedUnit(key))) return;
        for (var chunk = 0; File.Exists(PathOf(key, chunk)); chunk++) File.Delete(PathOf(key, chunk));
        File.Delete(run.Work.ChangedUnit(key));
    }

    private string PathOf(string unit, int chunk) => run.Work.Chunk(ChunkKey(unit, chunk));

    private string ChunkKey(string unit, int chunk) => BuildStage.Hash(stage.Fingerprint, unit, chunk.ToString(CultureInfo.InvariantCulture));

    private string HowToRead() => string.Create(
        CultureInfo.InvariantCulture,
        $"{typeof(ReadingStage).Assembly.ManifestModule.ModuleVersionId} {run.Options.Reading.Format} {run.Options.Reading.TextField} {run.Options.Reading.MaximumDocumentBytes} {run.Options.ChunkCharacters}");
}
