namespace Coppice.Corpus;

/// <summary>Bounds that a value of a document must lie in.</summary>
/// <param name="Rule">What the value is, such as <c>perplexity</c>.</param>
/// <param name="Minimum">The lowest that is kept, or null for none.</param>
/// <param name="Maximum">The highest that is kept, or null for none.</param>
public readonly record struct ScoreBounds(string Rule, double? Minimum, double? Maximum)
{
    /// <summary>Why a value is dropped and the bound that it is beyond; null where it is kept. What is no number is below every minimum, and above a maximum that stands alone.</summary>
    /// <param name="value">The value.</param>
    public (string Reason, Measurement Measured)? Beyond(double value)
    {
        if (Minimum is { } least && !(value >= least)) return ($"{Rule} too low", new Measurement(Rule, value, least));
        if (Maximum is { } most && !(value <= most)) return ($"{Rule} too high", new Measurement(Rule, value, most));
        return null;
    }

    /// <summary>The bound that is nearer to a value, or null where there is none.</summary>
    /// <param name="value">The value.</param>
    public Measurement? Nearest(double value)
    {
        Measurement? low = Minimum is { } least ? new(Rule, value, least) : null;
        Measurement? high = Maximum is { } most ? new(Rule, value, most) : null;
        return low?.Distance > high?.Distance ? high : low ?? high;
    }
}
