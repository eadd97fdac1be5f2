namespace Coppice.Inference;

/// <summary>A text of a beam search, as the text before it and a token: texts share their beginnings.</summary>
/// <param name="Before">The text before the token; null for the prompt.</param>
/// <param name="Token">The token; none of the prompt.</param>
/// <param name="LogProbability">The natural logarithm of the text's probability.</param>
/// <param name="Probable">How probable the token was, where that was asked for.</param>
/// <param name="Constraint">What holds the text to its form; null where it has none.</param>
internal sealed record Beam(Beam? Before, int Token, double LogProbability, TokenLogProbabilities? Probable, ConstraintStep? Constraint)
{
    /// <summary>Its tokens and how probable they were, the prompt left out.</summary>
    public (int[] Tokens, TokenLogProbabilities[] Probable) Read()
    {
        var steps = new List<Beam>();
        for (var beam = this; beam.Before is not null; beam = beam.Before) steps.Add(beam);
        steps.Reverse();
        return ([.. steps.Select(step => step.Token)], [.. steps.Select(step => step.Probable).OfType<TokenLogProbabilities>()]);
    }
}
