using Coppice.Foundation;

namespace Coppice.Corpus.Selection;

/// <summary>Drops documents whose score, which an earlier step gave them, lies below a minimum or above a maximum.</summary>
public sealed class ScoreThreshold : IDocumentStep
{
    private readonly double? _minimum;
    private readonly double? _maximum;

    /// <summary>Takes the limits.</summary>
    /// <param name="minimum">The lowest score that is kept, or null for none.</param>
    /// <param name="maximum">The highest score that is kept, or null for none.</param>
    /// <exception cref="CoppiceException">There is neither.</exception>
    public ScoreThreshold(double? minimum, double? maximum)
    {
        if (minimum is null && maximum is null) throw CoppiceException.Usage("score-threshold: there is no limit; give min, max or both");
        (_minimum, _maximum) = (minimum, maximum);
    }

    /// <inheritdoc/>
    public string Name => "score-threshold";

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin() => document =>
    {
        if (document.Score is not { } score) throw CoppiceException.Usage($"{Name}: a document has no score; put a step that scores before this one");
        if (_minimum is { } least && !(score >= least)) return StepResult.Drop("score too low", new Measurement("score", score, least));
        if (_maximum is { } most && !(score <= most)) return StepResult.Drop("score too high", new Measurement("score", score, most));
        Measurement?[] near = [_minimum is { } low ? new Measurement("score", score, low) : null, _maximum is { } high ? new Measurement("score", score, high) : null];
        return StepResult.Keep(document, near.Where(measured => measured is not null).MinBy(measured => measured!.Value.Distance));
    };
}
