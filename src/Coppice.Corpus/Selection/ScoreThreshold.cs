using Coppice.Foundation;

namespace Coppice.Corpus.Selection;

/// <summary>Drops documents whose score, which an earlier step gave them, lies below a minimum or above a maximum.</summary>
/// <param name="minimum">The lowest score that is kept, or null for none.</param>
/// <param name="maximum">The highest score that is kept, or null for none.</param>
public sealed class ScoreThreshold(double? minimum, double? maximum) : IDocumentStep
{
    /// <inheritdoc/>
    public string Name => "score-threshold";

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin() => document =>
    {
        if (document.Score is not { } score) throw CoppiceException.Usage($"{Name}: a document has no score; put a step that scores before this one");
        if (minimum is { } least && !(score >= least)) return StepResult.Drop("score too low", new Measurement("score", score, least));
        if (maximum is { } most && !(score <= most)) return StepResult.Drop("score too high", new Measurement("score", score, most));
        Measurement?[] near = [minimum is { } low ? new Measurement("score", score, low) : null, maximum is { } high ? new Measurement("score", score, high) : null];
        return StepResult.Keep(document, near.Where(measured => measured is not null).MinBy(measured => measured!.Value.Distance));
    };
}
