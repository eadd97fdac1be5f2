using Coppice.Foundation;

namespace Coppice.Corpus.Selection;

/// <summary>Drops documents whose score, which an earlier step gave them, lies below a minimum or above a maximum.</summary>
public sealed class ScoreThreshold : IDocumentStep
{
    private readonly ScoreBounds _bounds;

    /// <summary>Takes the limits.</summary>
    /// <param name="minimum">The lowest score that is kept, or null for none.</param>
    /// <param name="maximum">The highest score that is kept, or null for none.</param>
    /// <exception cref="CoppiceException">There is neither.</exception>
    public ScoreThreshold(double? minimum, double? maximum)
    {
        if (minimum is null && maximum is null) throw CoppiceException.Usage("score-threshold: there is no limit; give min, max or both");
        _bounds = new ScoreBounds("score", minimum, maximum);
    }

    /// <inheritdoc/>
    public string Name => "score-threshold";

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin() => document =>
    {
        if (document.Score is not { } score) throw CoppiceException.Usage($"{Name}: a document has no score; put a step that scores before this one");
        return _bounds.Beyond(score) is { } beyond ? StepResult.Drop(beyond.Reason, beyond.Measured) : StepResult.Keep(document, _bounds.Nearest(score));
    };
}
