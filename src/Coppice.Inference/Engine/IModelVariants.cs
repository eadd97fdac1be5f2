namespace Coppice.Inference;

/// <summary>What makes one model in memory several: adapters on it, of which at most one is on at a time.</summary>
public interface IModelVariants : IDisposable
{
    /// <summary>The names of the variants; the model alone is none of them.</summary>
    IReadOnlyCollection<string> Names { get; }

    /// <summary>Makes the model compute as a variant from now on. Between passes only.</summary>
    /// <param name="name">One of <see cref="Names"/>; null for the model alone.</param>
    void Use(string? name);
}
