namespace Coppice.Continual.Surgery;

/// <summary>What methods of merging can be told; a method reads what it has.</summary>
public sealed record MergeSettings
{
    /// <summary>λ, the factor of all differences from the base together.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>The share of a model's differences from the base that is kept, more than 0 and at most 1; null for the method's usual share.</summary>
    public double? Density { get; init; }

    /// <summary>The seed of what is drawn at random.</summary>
    public ulong Seed { get; init; }
}
