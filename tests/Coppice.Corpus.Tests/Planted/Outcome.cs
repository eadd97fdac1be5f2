using Coppice.Corpus.Building;

namespace Coppice.Corpus.Tests.Planted;

/// <summary>What a build made of each document, as it reports it.</summary>
/// <param name="folder">The corpus that was built.</param>
internal sealed class Outcome(string folder)
{
    private readonly Dictionary<string, DocumentStory> _stories = DocumentStory.All(folder, _ => true).ToDictionary(story => story.Id, StringComparer.Ordinal);
    private readonly Dictionary<string, string> _texts = CuratedCorpus.Open(folder).Train().ToDictionary(document => document.Id, document => document.Text, StringComparer.Ordinal);

    /// <summary>The step that dropped a document, or null.</summary>
    public string? DroppedBy(string id) => Last(id)?.Step;

    /// <summary>The step that dropped a document and why, or null.</summary>
    public string? WhyDropped(string id) => Last(id) is { } last ? $"{last.Step}: {last.Reason}" : null;

    /// <summary>The text that a document has in the end, or null where it was dropped.</summary>
    public string? TextOf(string id) => _texts.GetValueOrDefault(id);

    /// <summary>How often a step changed something in a document.</summary>
    public long Changes(string id, string step, string? reason = null) => _stories[id].Steps.Where(verdict => verdict.Step == step)
        .SelectMany(verdict => verdict.Changes ?? []).Where(change => reason is null || change.Reason == reason).Sum(change => change.Count);

    /// <summary>The steps that changed a document.</summary>
    public IEnumerable<string> ChangedBy(string id) => _stories[id].Steps.Where(verdict => verdict.Verdict == StepVerdict.Changed).Select(verdict => verdict.Step);

    private StepVerdict? Last(string id) => _stories[id].IsKept ? null : _stories[id].Steps[^1];
}
