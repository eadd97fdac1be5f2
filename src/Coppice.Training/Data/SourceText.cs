using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Training.Recipes;

namespace Coppice.Training.Data;

/// <summary>The documents of one source of a recipe, divided into training and validation. Read anew at each pass, so that none has to be held.</summary>
internal sealed class SourceText
{
    private readonly CorpusPipeline _pipeline;
    private readonly CorpusSplit _split;
    private CorpusReport _report = new();

    public SourceText(Recipe recipe, SourceSection section)
    {
        if (section.Paths.Count == 0) throw CoppiceException.Usage($"data.sources: '{section.Name}' names no paths");
        Name = section.Name.Length > 0 ? section.Name : Path.GetFileName(Path.TrimEndingDirectorySeparator(section.Paths[0]));
        Paths = [.. section.Paths];
        Weight = section.Weight;
        var options = new ReaderOptions { TextField = section.Field.Length > 0 ? section.Field : recipe.Data.TextField };
        _pipeline = new CorpusPipeline([.. section.Paths.Select(path => new CorpusInput(path, Name))], options: options);
        var validation = recipe.Data.Validation;
        _split = validation.Split switch
        {
            ValidationSplit.Documents => CorpusSplit.ByDocument(validation.Share, (ulong)recipe.Seed),
            ValidationSplit.Tail => CorpusSplit.ByTail(validation.Share),
            _ => CorpusSplit.None,
        };
    }

    public string Name { get; }

    public IReadOnlyList<string> Paths { get; }

    public double Weight { get; }

    public IEnumerable<Document> Train(CancellationToken cancellation) => Divide(cancellation).Select(parts => parts.Train).OfType<Document>();

    public IEnumerable<Document> Validation(CancellationToken cancellation) => Divide(cancellation).Select(parts => parts.Validation).OfType<Document>();

    /// <summary>Says what the latest pass left out.</summary>
    public void ReportDropped(Action<string> notice)
    {
        foreach (var (counts, what) in new[] { (_report.Dropped, "dropped"), (_report.SkippedFiles, "skipped"), (_report.Problems, "seen") })
        {
            foreach (var (reason, count) in counts) notice(FormattableString.Invariant($"{Name}: {count.Count:N0} {what}: {reason}"));
        }
    }

    private IEnumerable<(Document? Train, Document? Validation)> Divide(CancellationToken cancellation)
    {
        _report = new CorpusReport();
        return _pipeline.Run(_report, cancellation).Select(_split.Divide);
    }
}
