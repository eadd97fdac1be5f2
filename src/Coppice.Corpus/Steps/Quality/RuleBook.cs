namespace Coppice.Corpus.Quality;

/// <summary>Takes what a document's rules measured, one after another: the first that is broken decides; else the one nearest to being broken is remembered.</summary>
internal struct RuleBook
{
    private Measurement? _nearest;
    private string? _broken;

    /// <summary>A rule with an upper limit.</summary>
    /// <param name="rule">Its name, a fixed phrase.</param>
    /// <param name="value">What was measured.</param>
    /// <param name="maximum">The largest value that is kept; null where the rule is off.</param>
    /// <returns>Whether the rule is broken.</returns>
    public bool AtMost(string rule, double value, double? maximum) =>
        maximum is { } limit && Note(rule, " too high", value, limit, value > limit);

    /// <summary>A rule with a lower limit.</summary>
    /// <param name="rule">Its name, a fixed phrase.</param>
    /// <param name="value">What was measured.</param>
    /// <param name="minimum">The smallest value that is kept; null where the rule is off.</param>
    /// <returns>Whether the rule is broken.</returns>
    public bool AtLeast(string rule, double value, double? minimum) =>
        minimum is { } limit && Note(rule, " too low", value, limit, value < limit);

    /// <summary>What the rules make of the document.</summary>
    public readonly StepResult Result(Document document) => _broken is null ? StepResult.Keep(document, _nearest) : StepResult.Drop(_broken, _nearest);

    private bool Note(string rule, string fault, double value, double limit, bool isBroken)
    {
        var measured = new Measurement(rule, value, limit);
        if (isBroken)
        {
            _broken = rule + fault;
            _nearest = measured;
        }
        else if (_nearest is not { } nearest || measured.Distance < nearest.Distance) _nearest = measured;

        return isBroken;
    }
}
