using System.Runtime.InteropServices;
using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Inference;

/// <summary>
/// Which sequence has which slot of a cache. A slot that was given back keeps its tokens until it is needed: a prompt that begins as they do takes
/// their keys and values over and is computed from there on. Tokens that another variant of the model has read are none of its.
/// </summary>
[Technique("prefix-sharing", Title = "SGLang: Efficient Execution of Structured Language Model Programs", Paper = "arXiv:2312.07104")]
internal sealed class SlotTable
{
    private readonly KeyValueCache _cache;
    private readonly Slot[] _slots;
    private long _uses;

    /// <summary>A table of free, empty slots.</summary>
    /// <param name="cache">The cache.</param>
    public SlotTable(KeyValueCache cache)
    {
        _cache = cache;
        _slots = [.. Enumerable.Range(0, cache.Slots).Select(_ => new Slot())];
    }

    /// <summary>Whether a slot is free.</summary>
    public bool AnyFree => _slots.Any(slot => !slot.Taken);

    /// <summary>Takes a free slot for a prompt, with as many of its first tokens as are cached anywhere; never all, since the last token's logits are wanted.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="variant">The variant of the model that reads it; null for the model alone.</param>
    /// <returns>The slot, and how many tokens it holds.</returns>
    public (int Slot, int Shared) Take(ReadOnlySpan<int> prompt, string? variant)
    {
        var (best, shared) = (-1, 0);
        for (var i = 0; i < _slots.Length; i++)
        {
            if (_slots[i].Variant != variant) continue;
            var common = CollectionsMarshal.AsSpan(_slots[i].Tokens).CommonPrefixLength(prompt[..^1]);
            if (common <= shared) continue;
            (best, shared) = (i, common);
        }

        var chosen = Choose(best, shared);
        if (chosen == best) _cache.Truncate(shared, chosen);
        else if (best >= 0) _cache.CopyFirst(chosen, _cache, best, shared);
        else _cache.Truncate(0, chosen);
        var slot = _slots[chosen];
        slot.Tokens.Clear();
        slot.Tokens.AddRange(prompt[..shared]);
        (slot.Taken, slot.LastUse, slot.Variant) = (true, ++_uses, variant);
        return (chosen, shared);
    }

    /// <summary>Counts tokens whose keys and values a pass has written.</summary>
    /// <param name="slot">Their slot.</param>
    /// <param name="tokens">The tokens.</param>
    public void Extend(int slot, ReadOnlySpan<int> tokens)
    {
        _cache.Advance(tokens.Length, slot);
        _slots[slot].Tokens.AddRange(tokens);
    }

    /// <summary>Gives a slot back.</summary>
    /// <param name="slot">The slot.</param>
    public void Release(int slot) => (_slots[slot].Taken, _slots[slot].LastUse) = (false, ++_uses);

    /// <summary>
    /// The slot that holds the beginning, where it is free and most of what it holds is that; else the free one that was left alone for the longest, so
    /// that a beginning that many prompts have stays.
    /// </summary>
    private int Choose(int best, int shared)
    {
        if (best >= 0 && !_slots[best].Taken && 2 * shared >= _slots[best].Tokens.Count) return best;
        var chosen = -1;
        for (var i = 0; i < _slots.Length; i++)
        {
            if (_slots[i].Taken || (i == best && chosen >= 0)) continue;
            if (chosen < 0 || chosen == best || _slots[i].LastUse < _slots[chosen].LastUse) chosen = i;
        }

        return chosen >= 0 ? chosen : throw new InvalidOperationException("No slot is free.");
    }

    private sealed class Slot
    {
        public List<int> Tokens { get; } = [];

        public string? Variant { get; set; }

        public bool Taken { get; set; }

        public long LastUse { get; set; }
    }
}
