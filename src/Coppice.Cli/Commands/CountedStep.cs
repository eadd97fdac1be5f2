using Coppice.Corpus;

namespace Coppice.Cli.Commands;

/// <summary>A step of curation that counts what it drops, by reason.</summary>
internal sealed class CountedStep(IDocumentStep step) : IDocumentStep
{
    private readonly SortedDictionary<string, long> _reasons = new(StringComparer.Ordinal);

    public string Name => step.Name;

    /// <summary>Documents dropped, by reason.</summary>
    public IReadOnlyDictionary<string, long> Reasons => _reasons;

    public Func<Document, StepResult> Begin()
    {
        var filter = step.Begin();
        return document =>
        {
            var result = filter(document);
            if (result.Reason is { } reason) _reasons[reason] = _reasons.GetValueOrDefault(reason) + 1;
            return result;
        };
    }
}
