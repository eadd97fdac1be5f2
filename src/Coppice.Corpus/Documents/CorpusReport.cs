using System.Text;

namespace Coppice.Corpus;

/// <summary>
/// What was read, kept and dropped, with reasons: nothing disappears from a corpus without being counted here.
/// One report belongs to one pass; it is not thread-safe.
/// </summary>
public sealed class CorpusReport
{
    private readonly SortedDictionary<string, ReportedCount> _dropped = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, ReportedCount> _skippedFiles = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, ReportedCount> _problems = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, SourceCount> _sources = new(StringComparer.Ordinal);

    /// <summary>Files that were opened and read, also those that turned out to be damaged.</summary>
    public long FilesRead { get; private set; }

    /// <summary>Documents that the readers made.</summary>
    public long DocumentsRead { get; private set; }

    /// <summary>Documents that passed every step.</summary>
    public long DocumentsKept { get; private set; }

    /// <summary>UTF-8 bytes of the text of the documents that the readers made.</summary>
    public long BytesRead { get; private set; }

    /// <summary>UTF-8 bytes of the text of the documents that passed every step.</summary>
    public long BytesKept { get; private set; }

    /// <summary>Documents that a step rewrote, counted once for each step that did.</summary>
    public long Rewrites { get; private set; }

    /// <summary>What was dropped (documents, lines, members), by reason.</summary>
    public IReadOnlyDictionary<string, ReportedCount> Dropped => _dropped;

    /// <summary>Files that were not read at all, by reason.</summary>
    public IReadOnlyDictionary<string, ReportedCount> SkippedFiles => _skippedFiles;

    /// <summary>What was wrong with text that was kept all the same, by kind: replaced bytes, files that end early.</summary>
    public IReadOnlyDictionary<string, ReportedCount> Problems => _problems;

    /// <summary>What was kept, by source.</summary>
    public IReadOnlyDictionary<string, SourceCount> Sources => _sources;

    /// <summary>Counts something that was dropped.</summary>
    /// <param name="reason">Why, in the words of the report. A fixed phrase: it is the key it is counted under.</param>
    /// <param name="where">Which one: a file and line, or a source and id.</param>
    public void Drop(string reason, string where)
    {
        OnDrop?.Invoke(reason, where);
        Count(_dropped, reason, [where], 1);
    }

    /// <summary>Counts a file that was not read.</summary>
    /// <param name="reason">Why, in the words of the report.</param>
    /// <param name="path">The file.</param>
    public void SkipFile(string reason, string path) => Count(_skippedFiles, reason, [path], 1);

    /// <summary>Counts a defect of text that was kept.</summary>
    /// <param name="kind">What was wrong, in the words of the report.</param>
    /// <param name="where">Where: a file, and a line where there are lines.</param>
    /// <param name="count">How many times.</param>
    public void Problem(string kind, string where, long count = 1) => Count(_problems, kind, [where], count);

    /// <summary>Told of each drop, where every one matters and not only the first few.</summary>
    internal Action<string, string>? OnDrop { get; init; }

    /// <summary>Told of bytes of files, as they lie on the disk, while they are read.</summary>
    internal Action<long>? OnFileBytes { get; init; }

    internal void Drop(string reason, IReadOnlyList<string> places, long count) => Count(_dropped, reason, places, count);

    internal void SkipFile(string reason, IReadOnlyList<string> paths, long count) => Count(_skippedFiles, reason, paths, count);

    internal void Problem(string kind, IReadOnlyList<string> places, long count) => Count(_problems, kind, places, count);

    internal void CountFile() => FilesRead++;

    internal void CountFiles(long count) => FilesRead += count;

    internal void CountRead(Document document)
    {
        DocumentsRead++;
        BytesRead += Encoding.UTF8.GetByteCount(document.Text);
    }

    internal void CountRewrite() => Rewrites++;

    internal void CountKept(Document document)
    {
        var bytes = Encoding.UTF8.GetByteCount(document.Text);
        DocumentsKept++;
        BytesKept += bytes;
        if (!_sources.TryGetValue(document.Source, out var source)) _sources[document.Source] = source = new SourceCount();
        source.Documents++;
        source.Bytes += bytes;
    }

    private static void Count(SortedDictionary<string, ReportedCount> counts, string key, IReadOnlyList<string> places, long count)
    {
        if (!counts.TryGetValue(key, out var entry)) counts[key] = entry = new ReportedCount();
        entry.Add(places, count);
    }
}

/// <summary>A number of occurrences and where the first of them were.</summary>
public sealed class ReportedCount
{
    internal const int ExamplesKept = 5;

    private readonly List<string> _examples = [];

    /// <summary>How many there were.</summary>
    public long Count { get; private set; }

    /// <summary>Where the first few were.</summary>
    public IReadOnlyList<string> Examples => _examples;

    internal void Add(IReadOnlyList<string> places, long count)
    {
        Count += count;
        _examples.AddRange(places.Take(ExamplesKept - _examples.Count));
    }
}

/// <summary>What was kept of one source.</summary>
public sealed class SourceCount
{
    /// <summary>Documents kept.</summary>
    public long Documents { get; internal set; }

    /// <summary>UTF-8 bytes of their text.</summary>
    public long Bytes { get; internal set; }
}
