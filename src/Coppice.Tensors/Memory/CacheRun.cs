namespace Coppice.Tensors;

/// <summary>New tokens of one cached sequence, as a part of a pass over several.</summary>
/// <param name="Slot">The sequence's place in the cache.</param>
/// <param name="Tokens">How many new tokens, at least 1.</param>
/// <param name="Ahead">How many rows come before them that stand ahead of the sequence and are no tokens: see <see cref="KeyValueCache.RowsAhead"/>.</param>
public readonly record struct CacheRun(int Slot, int Tokens, int Ahead = 0);
