namespace Coppice.Corpus.Building;

/// <summary>What reading a unit of files came to, beside its documents.</summary>
internal sealed record UnitRecord
{
    /// <summary>What the reading is called among the steps.</summary>
    public const string Step = "read";

    private const int TooLargeKept = 1000;

    /// <summary>How many chunks its documents are.</summary>
    public int Chunks { get; set; }

    /// <summary>Files that were opened.</summary>
    public long FilesRead { get; set; }

    /// <summary>What the readers dropped, by reason.</summary>
    public Dictionary<string, CountedPlaces> Dropped { get; init; } = [];

    /// <summary>Files that were not read, by reason.</summary>
    public Dictionary<string, CountedPlaces> SkippedFiles { get; init; } = [];

    /// <summary>What was wrong with what was read, by kind.</summary>
    public Dictionary<string, CountedPlaces> Problems { get; init; } = [];

    /// <summary>Where documents were that are larger than the limit.</summary>
    public List<string> TooLarge { get; init; } = [];

    /// <summary>A report for one file.</summary>
    /// <param name="onFileBytes">Told of the file's bytes as they are read.</param>
    public CorpusReport NewReport(Action<long> onFileBytes) => new() { OnDrop = Quarantine, OnFileBytes = onFileBytes };

    /// <summary>Takes what reading a file came to.</summary>
    /// <param name="report">The report of the file.</param>
    /// <param name="changed">The file's path where it was changed while it was read, or null.</param>
    public void Take(CorpusReport report, string? changed)
    {
        if (changed is not null) report.Problem("file changed while it was read; the next build reads it again", changed);
        FilesRead += report.FilesRead;
        Add(Dropped, report.Dropped);
        Add(SkippedFiles, report.SkippedFiles);
        Add(Problems, report.Problems);
    }

    /// <summary>Counts a file that can't be read.</summary>
    /// <param name="path">The file.</param>
    /// <param name="error">Why.</param>
    public void Unreadable(string path, string error) => Of(SkippedFiles, DropReasons.Unreadable).Add(new CountedPlaces(1, [$"{path}: {error}"]));

    /// <summary>Adds what reading other files came to.</summary>
    /// <param name="other">What it came to.</param>
    public void Add(UnitRecord other)
    {
        Chunks += other.Chunks;
        FilesRead += other.FilesRead;
        TooLarge.AddRange(other.TooLarge);
        foreach (var (own, others) in new[] { (Dropped, other.Dropped), (SkippedFiles, other.SkippedFiles), (Problems, other.Problems) })
        {
            foreach (var (reason, counted) in others) Of(own, reason).Add(counted);
        }
    }

    /// <summary>Counts it in a report.</summary>
    /// <param name="report">The report.</param>
    public void AddTo(CorpusReport report)
    {
        report.CountFiles(FilesRead);
        foreach (var (reason, counted) in Dropped) report.Drop(reason, counted.Places, counted.Count);
        foreach (var (reason, counted) in SkippedFiles) report.SkipFile(reason, counted.Places, counted.Count);
        foreach (var (kind, counted) in Problems) report.Problem(kind, counted.Places, counted.Count);
    }

    private void Quarantine(string reason, string where)
    {
        if (reason == DropReasons.TooLarge && TooLarge.Count < TooLargeKept) TooLarge.Add(where);
    }

    private static void Add(Dictionary<string, CountedPlaces> own, IReadOnlyDictionary<string, ReportedCount> reported)
    {
        foreach (var (reason, counted) in reported) Of(own, reason).Add(new CountedPlaces(counted.Count, [.. counted.Examples]));
    }

    private static CountedPlaces Of(Dictionary<string, CountedPlaces> counts, string reason)
    {
        if (!counts.TryGetValue(reason, out var counted)) counts[reason] = counted = new CountedPlaces(0, []);
        return counted;
    }
}

/// <summary>A number of occurrences and where the first of them were.</summary>
/// <param name="count">How many.</param>
/// <param name="places">Where the first few were.</param>
internal sealed class CountedPlaces(long count, List<string> places)
{
    /// <summary>How many.</summary>
    public long Count { get; private set; } = count;

    /// <summary>Where the first few were.</summary>
    public List<string> Places { get; } = places;

    /// <summary>Counts more.</summary>
    /// <param name="more">What to add.</param>
    public void Add(CountedPlaces more)
    {
        Count += more.Count;
        Places.AddRange(more.Places.Take(ReportedCount.ExamplesKept - Places.Count));
    }
}
