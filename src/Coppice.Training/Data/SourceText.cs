using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Training.Recipes;

namespace Coppice.Training.Data;

/// <summary>The documents of one source of a recipe, divided into training and validation. Read anew at each pass, so that none has to be held.</summary>
public sealed class SourceText
{
    private readonly CorpusPipeline _pipeline;
    private readonly CorpusSplit _split;
    private CorpusReport _report = new();

    /// <summary>The text of a source; nothing is read yet.</summary>
    /// <param name="recipe">The recipe: how texts are read and divided.</param>
    /// <param name="section">Its section on the source.</param>
    public SourceText(Recipe recipe, SourceSection section)
    {
        if (section.Paths.Count == 0) throw CoppiceException.Usage($"data.sources: '{section.Name}' names no paths");
        Name = section.GetName();
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

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Where it is read from.</summary>
    public IReadOnlyList<string> Paths { get; }

    /// <summary>Its weight in the mixture.</summary>
    public double Weight { get; }

    /// <summary>The documents to train on.</summary>
    /// <param name="cancellation">Ends the reading.</param>
    public IEnumerable<Document> Train(CancellationToken cancellation) => Divide(cancellation).Select(parts => parts.Train).OfType<Document>();

    /// <summary>The documents kept apart.</summary>
    /// <param name="cancellation">Ends the reading.</param>
    public IEnumerable<Document> Validation(CancellationToken cancellation) => Divide(cancellation).Select(parts => parts.Validation).OfType<Document>();

    /// <summary>Says what the latest pass left out.</summary>
    /// <param name="notice">Receives a line for each reason.</param>
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
