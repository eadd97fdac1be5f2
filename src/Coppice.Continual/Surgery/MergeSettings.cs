namespace Coppice.Continual.Surgery;

/// <summary>What methods of merging can be told; a method reads what it has.</summary>
public sealed record MergeSettings
{
    /// <summary>λ, the factor of all differences from the base together.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>The share of a model's differences from the base that is kept, more than 0 and at most 1; null for the method's usual share.</summary>
    public double? Density { get; init; }

    /// <summary>How the sign of a place is elected.</summary>
    public SignElection Sign { get; init; }

    /// <summary>The seed of what is drawn at random.</summary>
    public ulong Seed { get; init; }
}

/// <summary>How models whose differences from the base disagree in sign elect one.</summary>
public enum SignElection
{
    /// <summary>The sign of the weighted sum: the larger differences decide.</summary>
    Total,

    /// <summary>The sign that more models have, by their weights; where as many have one as the other, that of the sum.</summary>
    Frequency,
}
