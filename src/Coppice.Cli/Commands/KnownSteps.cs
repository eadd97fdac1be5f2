using Coppice.Corpus;
using Coppice.Corpus.Building;
using Coppice.Evaluation;

namespace Coppice.Cli.Commands;

/// <summary>Every step that recipes of curation can name.</summary>
internal static class KnownSteps
{
    public static IReadOnlyList<StepDefinition> All { get; } = [.. CurationSteps.All, .. ModelSteps.All];
}
