namespace Coppice.Corpus;

/// <summary>Decides which source the next sequence comes from.</summary>
/// <remarks>The choice is a function of the position alone, so that a run goes on after an interruption as if there had been none.</remarks>
public interface IMixture
{
    /// <summary>Everything that decides the choices, in words: part of a sampler's fingerprint.</summary>
    string Description { get; }

    /// <summary>The source of the next sequence.</summary>
    /// <param name="drawn">Sequences drawn so far, by source.</param>
    /// <param name="total">Sequences drawn so far.</param>
    int Next(ReadOnlySpan<long> drawn, long total);
}
