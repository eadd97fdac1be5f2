using System.Buffers;

namespace Coppice.Tokenizers.Models;

/// <summary>The symbols of one word before they merge, on the stack where the word is short.</summary>
internal ref struct SymbolList
{
    private readonly Span<int> ids;
    private readonly Span<int> lengths;
    private readonly int[]? rented;
    private int count;

    /// <summary>Creates an empty list.</summary>
    /// <param name="stackIds">Memory for a short word's ids.</param>
    /// <param name="stackLengths">Memory for a short word's lengths.</param>
    /// <param name="capacity">The most symbols there may be.</param>
    public SymbolList(Span<int> stackIds, Span<int> stackLengths, int capacity)
    {
        ids = stackIds;
        lengths = stackLengths;
        if (capacity <= stackIds.Length) return;
        rented = ArrayPool<int>.Shared.Rent(checked(2 * capacity));
        ids = rented.AsSpan(0, capacity);
        lengths = rented.AsSpan(capacity, capacity);
    }

    public readonly Span<int> Ids => ids[..count];

    public readonly Span<int> Lengths => lengths[..count];

    public void Add(int id, int length)
    {
        ids[count] = id;
        lengths[count++] = length;
    }

    /// <summary>Gives rented memory back; the list isn't used after that.</summary>
    public readonly void Return()
    {
        if (rented is not null) ArrayPool<int>.Shared.Return(rented);
    }
}
