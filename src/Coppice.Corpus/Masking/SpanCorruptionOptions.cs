using Coppice.Foundation;

namespace Coppice.Corpus;

/// <summary>Which spans are taken out of a text.</summary>
public sealed record SpanCorruptionOptions
{
    /// <summary>The share of the tokens that are taken out.</summary>
    public double Rate { get; init; } = 0.15;

    /// <summary>The mean length of a span in tokens.</summary>
    public double SpanLength { get; init; } = 3;

    /// <summary>Whether all of what the decoder writes counts; where not, the tokens of the text alone do, and no sentinel and no end.</summary>
    public bool CountsSentinels { get; init; } = true;

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="CoppiceException">A number is out of its range (exit code 2).</exception>
    internal void Check()
    {
        if (Rate is not (> 0 and < 1)) throw CoppiceException.Usage(FormattableString.Invariant($"{Rate} of the tokens can't be taken out: more than 0 and less than 1 are"));
        if (!(SpanLength >= 1 && double.IsFinite(SpanLength))) throw CoppiceException.Usage(FormattableString.Invariant($"{SpanLength} tokens are no mean length of spans: it is at least 1"));
    }
}
