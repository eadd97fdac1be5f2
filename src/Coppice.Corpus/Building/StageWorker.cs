using System.Buffers;
using System.IO.Compression;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>Does a stage's work on one chunk after another. Each thread has one of its own.</summary>
internal sealed class StageWorker : IDisposable
{
    private const int ExamplesOfProfile = 512;

    // To have one document of a chunk, its block is decompressed: some tenths of a millisecond.
    private const int BlockBytes = 64 << 10;

    private readonly BuildStage _stage;
    private readonly CorpusSplit _split;
    private readonly IReadOnlyList<string> _counted;
    private readonly Func<Document, StepResult>[] _functions;
    private Action<Document, IBufferWriter<byte>>? _sketch;
    private readonly ILinkingStep? _linking;
    private readonly DocumentLines _lines = new();
    private readonly ArrayBufferWriter<byte> _sketchBytes = new();

    // What is made of the chunk at hand. Their buffers are used again: they are large, and there are very many chunks.
    private readonly MemoryStream[] _sections = [.. Enum.GetValues<ChunkSection>().Select(_ => new MemoryStream())];
    private readonly BinaryWriter _ids;
    private readonly ArrayBufferWriter<byte> _sketches = new();
    private readonly List<ulong> _keys = [];
    private readonly MemoryStream _traces = new();
    private readonly List<StepVerdict> _verdicts = [];
    private readonly List<DocumentBlock> _blocks = [];
    private readonly List<PartResult> _parts = [];
    private ChunkStatistics _all = null!;
    private CorpusProfile? _profileOfAll;
    private long _documentsIn, _documentsOut, _bytesOut;

    // What is made of the part at hand.
    private GZipStream? _documents, _validation;
    private int _blockBytes;
    private StepStatistics[] _steps = [];
    private CorpusProfile? _profile;
    private ChunkStatistics _statistics = null!;

    public StageWorker(BuildStage stage, CorpusSplit split)
    {
        _stage = stage;
        _split = split;
        _ids = new BinaryWriter(_sections[(int)ChunkSection.Ids]);

        // The step that decides when the stage is through is counted where its decisions are carried out; here it is only counted what it fails on.
        _counted = [.. stage.CountedSteps.Append(stage.Decides).OfType<ConfiguredStep>().Select(step => step.Name)];
        _functions = [.. stage.Steps.Select(step => ((IDocumentStep)step.Step).Begin())];
        _sketch = (stage.Decides?.Step as ICorpusStep)?.BeginSketching();
        _linking = stage.Decides?.Step as ILinkingStep;
    }

    /// <summary>Puts the documents of a chunk through the stage and writes what comes of them.</summary>
    /// <param name="parts">The parts of the chunk.</param>
    /// <param name="earlier">What the stage made of the chunk before, where anything is known: parts that are as they were are copied from it.</param>
    /// <param name="path">The file to write.</param>
    /// <param name="cancellation">Stops between two documents.</param>
    /// <returns>How many documents came in.</returns>
    public long Process(IEnumerable<ChunkPart> parts, EarlierParts? earlier, string path, CancellationToken cancellation)
    {
        Begin();
        foreach (var part in parts)
        {
            if (part.Key is { } key && earlier?.Find(key) is { } known) Copy(earlier, known);
            else Process(part, cancellation);
        }

        End(path);
        return _documentsIn;
    }

    public void Dispose()
    {
        _lines.Dispose();
        _ids.Dispose();
    }

    private void Begin()
    {
        foreach (var section in _sections) section.SetLength(0);
        _sketches.ResetWrittenCount();
        _traces.SetLength(0);
        _blocks.Clear();
        _parts.Clear();
        _all = new ChunkStatistics { Steps = [.. _counted.Select(name => new StepStatistics { Name = name })] };
        _profileOfAll = _stage.IsLast ? new CorpusProfile() : null;
        (_documentsIn, _documentsOut, _bytesOut) = (0, 0, 0);
    }

    private void Process(ChunkPart part, CancellationToken cancellation)
    {
        _steps = [.. _counted.Select(name => new StepStatistics { Name = name })];
        _profile = _stage.IsLast ? new CorpusProfile() : null;
        _statistics = new ChunkStatistics { Steps = _steps };
        int[] starts = [.. Enum.GetValues<ChunkSection>().Select(LengthOf)];
        var (firstBlock, documentsIn, documentsOut, bytesOut) = (_blocks.Count, _documentsIn, _documentsOut, _bytesOut);
        foreach (var document in part.Documents)
        {
            cancellation.ThrowIfCancellationRequested();
            var place = (int)(_documentsIn - documentsIn);
            Put(document, place < part.Decisions.Count ? part.Decisions[place] : default);
        }

        _documents?.Dispose();
        _validation?.Dispose();
        (_documents, _validation) = (null, null);
        _statistics.Profile = _profile?.ToRecord(ExamplesOfProfile);
        if (part.Key is not null)
        {
            var documentsAt = starts[(int)ChunkSection.Documents];
            _parts.Add(new PartResult
            {
                Key = part.Key,
                DocumentsIn = _documentsIn - documentsIn,
                DocumentsOut = _documentsOut - documentsOut,
                BytesOut = _bytesOut - bytesOut,
                Lengths = [.. Enum.GetValues<ChunkSection>().Select(section => LengthOf(section) - starts[(int)section])],
                Blocks = [.. _blocks.Skip(firstBlock).Select(block => new DocumentBlock(block.Place - (int)documentsOut, block.Offset - documentsAt))],
                Statistics = _statistics,
            });
        }

        AddUp(_statistics);
    }

    private void Copy(EarlierParts earlier, PartResult part)
    {
        var documentsAt = LengthOf(ChunkSection.Documents);
        _blocks.AddRange(part.Blocks.Select(block => new DocumentBlock(block.Place + (int)_documentsOut, block.Offset + documentsAt)));
        foreach (var section in Enum.GetValues<ChunkSection>())
        {
            var bytes = earlier.Slice(part, section);
            if (section == ChunkSection.Sketches) _sketches.Write(bytes);
            else if (section == ChunkSection.Trace) _traces.Write(bytes);
            else Section(section).Write(bytes);
        }

        _documentsIn += part.DocumentsIn;
        _documentsOut += part.DocumentsOut;
        _bytesOut += part.BytesOut;
        _parts.Add(part);
        AddUp(part.Statistics);
    }

    private void AddUp(ChunkStatistics part)
    {
        _all.Add(part);
        if (part.Profile is { } profile) _profileOfAll!.Add(profile);
    }

    private void End(string path)
    {
        using (var traces = Member(ChunkSection.Trace, CompressionLevel.Fastest)) _traces.WriteTo(traces);
        Section(ChunkSection.Blocks).Write(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_blocks)));
        if (_profileOfAll is not null) CountNgrams(_profileOfAll);
        _all.Profile = _profileOfAll?.ToRecord(ExamplesOfProfile);
        using (var json = Member(ChunkSection.Statistics, CompressionLevel.Fastest)) JsonSerializer.Serialize(json, _all, DocumentTrace.Json);
        using (var json = Member(ChunkSection.Parts, CompressionLevel.Fastest)) JsonSerializer.Serialize(json, _parts, DocumentTrace.Json);
        ChunkFile.Write(
            path,
            _documentsIn,
            _documentsOut,
            _bytesOut,
            section => section == ChunkSection.Sketches ? _sketches.WrittenMemory : Section(section).GetBuffer().AsMemory(0, (int)Section(section).Length));
    }

    // They are those of the beginning of a chunk, whoever made it: so they are read off what was written.
    private void CountNgrams(CorpusProfile profile)
    {
        var written = Section(ChunkSection.Documents);
        if (written.Length == 0) return;
        using var lines = new GZipStream(new MemoryStream(written.GetBuffer(), 0, (int)written.Length), CompressionMode.Decompress);
        foreach (var document in DocumentLines.ReadAll(lines))
        {
            if (!profile.AddNgrams(document.Text)) break;
        }
    }

    private MemoryStream Section(ChunkSection section) => _sections[(int)section];

    private int LengthOf(ChunkSection section) => section switch
    {
        ChunkSection.Sketches => _sketches.WrittenCount,
        ChunkSection.Trace => (int)_traces.Length,
        _ => (int)Section(section).Length,
    };

    private GZipStream Member(ChunkSection section, CompressionLevel level) => new(Section(section), level, leaveOpen: true);

    private void Put(Document document, in Decision decision)
    {
        var bytes = Encoding.UTF8.GetByteCount(document.Text);
        _documentsIn++;
        _statistics.BytesIn += bytes;
        if (_stage.Number == 0)
        {
            var length = BitOperations.Log2((uint)document.Text.Length);
            _statistics.LengthsIn[length] = _statistics.LengthsIn.GetValueOrDefault(length) + 1;
        }

        var (kept, keptBytes) = Follow(document, bytes, decision);
        var isKept = kept is not null && Sketch(kept, keptBytes);
        if (isKept)
        {
            Write(kept!, keptBytes, (int)_documentsOut);
            _documentsOut++;
            _bytesOut += keptBytes;
        }

        Section(ChunkSection.Kept).WriteByte(isKept ? (byte)1 : (byte)0);
        WriteTrace(document);
    }

    // The document and the bytes of its text after all steps, or null where one of them dropped it.
    private (Document? Document, long Bytes) Follow(Document document, long bytes, in Decision decision)
    {
        _verdicts.Clear();
        var number = 0;
        var current = document;
        if (_stage.Decided is { } decided)
        {
            var edit = decision;
            if (Count(number++, ref current, ref bytes, given => Carry(decided, given, edit), decision.Because) is { } error) Quarantine(document, decided, error);
        }

        for (var i = 0; i < _functions.Length && current is not null; i++)
        {
            if (Count(number++, ref current, ref bytes, _functions[i], null) is not { } error) continue;
            Quarantine(document, _stage.Steps[i], error);
            // Its buffers are in the state in which the error left them.
            _functions[i] = ((IDocumentStep)_stage.Steps[i].Step).Begin();
        }

        return (current, bytes);
    }

    // Lets a step look at a document and counts what it did; an error of the step takes the document out.
    private Exception? Count(int number, ref Document? current, ref long bytes, Func<Document, StepResult> step, string? because)
    {
        var given = current!;
        var statistics = _steps[number];
        statistics.DocumentsIn++;
        statistics.BytesIn += bytes;
        StepResult result;
        try
        {
            result = step(given);
        }
        catch (Exception error) when (IsOfTheDocument(error))
        {
            current = null;
            Drop(number, given, bytes, StepResult.Drop(ReasonOf(error)), null, StepVerdict.Quarantined);
            return error;
        }

        current = result.Document;
        if (current is null)
        {
            Drop(number, given, bytes, result, because, StepVerdict.Dropped);
            return null;
        }

        var changed = result.Changes is not null || !ReferenceEquals(current.Text, given.Text);
        if (!ReferenceEquals(current.Text, given.Text)) bytes = Encoding.UTF8.GetByteCount(current.Text);
        statistics.DocumentsOut++;
        statistics.BytesOut += bytes;
        if (result.IsPassedOver) statistics.PassedOver++;
        if (changed)
        {
            statistics.Changed++;
            statistics.Change(result.Changes ?? []);
        }

        if (result.Measured is { } measured && !double.IsNaN(measured.Distance))
        {
            var (kept, order) = (current, DocumentExample.OrderOf(current));
            statistics.Near(measured.Distance, () => DocumentExample.Of(kept, order, measured));
        }

        if (changed || result.Measured is not null) _verdicts.Add(new StepVerdict(_stage.FirstStep + number, statistics.Name, changed ? StepVerdict.Changed : StepVerdict.Kept, Measured: result.Measured, Changes: result.Changes));
        return null;
    }

    private void Drop(int number, Document document, long bytes, in StepResult result, string? because, string verdict)
    {
        var order = DocumentExample.OrderOf(document);
        var (reason, measured) = (result.Reason ?? "no reason given", result.Measured);
        _steps[number].Drop(reason, bytes, order, () => DocumentExample.Of(document, order, measured, because));
        _verdicts.Add(new StepVerdict(_stage.FirstStep + number, _counted[number], verdict, reason, measured, because));
    }

    // Running out of memory, being told to stop, or a recipe that is wrong says nothing about the document.
    private static bool IsOfTheDocument(Exception error) => error is not (OperationCanceledException or OutOfMemoryException or CoppiceException { ExitCode: ExitCode.Usage });

    private static string ReasonOf(Exception error) => error is TimeoutException ? "quarantined: took too long" : "quarantined: the step failed on it";

    private static StepResult Carry(ConfiguredStep decided, Document document, in Decision decision) => decision.Kind switch
    {
        DecisionKind.Keep => StepResult.Keep(document),
        DecisionKind.Drop => StepResult.Drop(decision.Reason!, decision.Measured),
        DecisionKind.StandsFor => StepResult.Keep(document with { Copies = Math.Max(document.Copies, (long)decision.Number) }),
        DecisionKind.Weigh => StepResult.Keep(document with { Weight = Math.Min(document.Weight * decision.Number, WeightedDocuments.LargestWeight) }),
        _ => decided.Step is ICorpusStep step ? step.Apply(document, decision.Edit) : OrderedStep.Apply(decision.Edit!),
    };

    private bool Sketch(Document document, long bytes)
    {
        if (_stage.Decides is not { } decides) return true;
        _sketchBytes.ResetWrittenCount();
        try
        {
            _sketch?.Invoke(document, _sketchBytes);
        }
        catch (Exception error) when (IsOfTheDocument(error))
        {
            var statistics = _steps[^1];
            statistics.DocumentsIn++;
            statistics.BytesIn += bytes;
            Drop(_steps.Length - 1, document, bytes, StepResult.Drop(ReasonOf(error)), null, StepVerdict.Quarantined);
            Quarantine(document, decides, error);
            _sketch = ((ICorpusStep)decides.Step).BeginSketching();
            return false;
        }

        var start = _sketches.WrittenCount;
        SketchRecords.Write(_sketches, document, _sketchBytes.WrittenSpan);
        if (_linking is not null) WriteLinks(_linking, _sketches.WrittenSpan[start..]);
        return true;
    }

    private void WriteLinks(ILinkingStep linking, ReadOnlySpan<byte> record)
    {
        _keys.Clear();
        _keys.Add(0);
        linking.AddKeys(_sketchBytes.WrittenSpan, _keys);
        LinkRecords.Write(Section(ChunkSection.Fingerprints), Section(ChunkSection.Keys), record, CollectionsMarshal.AsSpan(_keys));
    }

    private void Write(Document document, long bytes, int place)
    {
        if (!_stage.IsLast)
        {
            _ids.Write(document.Id);
            WriteInBlock(_lines.Write(document), place);
            return;
        }

        _profile!.Add(document);
        var (train, validation) = _split.Divide(document);
        if (train is not null) WriteLine(train, _documents ??= Member(ChunkSection.Documents, CompressionLevel.Optimal), ChunkSection.Digests, _statistics.Train, ReferenceEquals(train, document) ? bytes : null);
        if (validation is not null) WriteLine(validation, _validation ??= Member(ChunkSection.Validation, CompressionLevel.Optimal), ChunkSection.ValidationDigests, _statistics.Validation, ReferenceEquals(validation, document) ? bytes : null);
    }

    private void WriteInBlock(ReadOnlySpan<byte> line, int place)
    {
        if (_documents is null || _blockBytes >= BlockBytes)
        {
            _documents?.Dispose();
            _blocks.Add(new DocumentBlock(place, (int)Section(ChunkSection.Documents).Length));
            _documents = Member(ChunkSection.Documents, CompressionLevel.Fastest);
            _blockBytes = 0;
        }

        _documents.Write(line);
        _blockBytes += line.Length;
    }

    private void WriteLine(Document document, GZipStream output, ChunkSection digests, SortedDictionary<string, CorpusSourceCount> sources, long? bytes)
    {
        var line = _lines.Write(document);
        output.Write(line);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(line, digest);
        Section(digests).Write(digest);
        var before = sources.GetValueOrDefault(document.Source, new CorpusSourceCount(0, 0));
        sources[document.Source] = new CorpusSourceCount(before.Documents + 1, before.Bytes + (bytes ?? Encoding.UTF8.GetByteCount(document.Text)));
    }

    private void WriteTrace(Document document)
    {
        JsonSerializer.Serialize(_traces, new DocumentTrace(document.Id, document.Source, _verdicts), DocumentTrace.Json);
        _traces.WriteByte((byte)'\n');
    }

    private void Quarantine(Document document, ConfiguredStep step, Exception error)
    {
        var output = Section(ChunkSection.Quarantine);
        JsonSerializer.Serialize(output, new QuarantinedDocument(step.Name, $"{error.GetType().Name}: {error.Message}", document.Source, document.Id, document.Text), DocumentTrace.Json);
        output.WriteByte((byte)'\n');
    }
}

/// <summary>A line of the quarantine file.</summary>
/// <param name="Step">The step that failed, or <c>read</c>.</param>
/// <param name="Reason">How it failed.</param>
/// <param name="Source">The document's source; of what could not be read, null.</param>
/// <param name="Id">The document's id; of what could not be read, its file and line.</param>
/// <param name="Text">The document's text as it came to the stage; of what could not be read, null.</param>
internal sealed record QuarantinedDocument(string Step, string Reason, string? Source, string Id, string? Text);
