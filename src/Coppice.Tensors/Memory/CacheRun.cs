namespace Coppice.Tensors;

/// <summary>New tokens of one cached sequence, as a part of a pass over several.</summary>
/// <param name="Slot">The sequence's place in the cache.</param>
/// <param name="Tokens">How many new tokens, at least 1.</param>
public readonly record struct CacheRun(int Slot, int Tokens);
