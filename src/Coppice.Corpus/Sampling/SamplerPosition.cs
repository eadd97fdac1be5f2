namespace Coppice.Corpus;

/// <summary>Where a sampler is: all that a checkpoint must hold of the data to go on exactly there.</summary>
/// <param name="Data">The <see cref="SequenceSampler.Fingerprint"/> of the sampler it belongs to.</param>
/// <param name="Sequences">Sequences drawn so far.</param>
/// <param name="DrawnBySource">Sequences drawn so far, by source; they sum to <paramref name="Sequences"/>.</param>
public sealed record SamplerPosition(string Data, long Sequences, IReadOnlyList<long> DrawnBySource);
