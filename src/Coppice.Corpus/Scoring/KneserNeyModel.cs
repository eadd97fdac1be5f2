using System.Runtime.CompilerServices;

namespace Coppice.Corpus.Scoring;

/// <summary>
/// An n-gram model with interpolated Kneser-Ney smoothing, ready to be read (<see cref="KneserNeyReader"/>): one flat hash table whose slots hold an n-gram's
/// probability and what is left to shorter contexts after it. Symbols are numbers; what is not known of a symbol's context is left to a base distribution, which the
/// caller has.
/// <code>
/// P_k(w | h) = (max(c(hw) - d_k, 0) + d_k · |{v : c(hv) > 0}| · P_(k-1)(w | h')) / Σ_v c(hv)
/// </code>
/// </summary>
/// <remarks>N-grams are known by 64-bit keys; two share one with a probability of about 2⁻⁶⁴ a pair. Memory: 32 to 64 bytes an n-gram. Reading is thread-safe.</remarks>
internal sealed class KneserNeyModel
{
    /// <summary>The key of the n-gram without symbols.</summary>
    public const ulong EmptyKey = 0;

    private readonly Slot[] _slots;

    /// <summary>Makes room.</summary>
    /// <param name="order">Symbols of the longest n-gram.</param>
    /// <param name="ngrams">How many n-grams will be inserted, at most.</param>
    /// <param name="rootBackoff">The base-2 logarithm of what is left to the base distribution.</param>
    public KneserNeyModel(int order, long ngrams, double rootBackoff)
    {
        var capacity = 16L;
        while (capacity * 3 < ngrams * 4) capacity *= 2;
        (Order, RootBackoff, _slots) = (order, rootBackoff, new Slot[capacity]);
    }

    /// <summary>Symbols of the longest n-gram.</summary>
    public int Order { get; }

    /// <summary>The base-2 logarithm of what is left to the base distribution.</summary>
    public double RootBackoff { get; }

    /// <summary>The key of an n-gram that has one symbol more at its beginning.</summary>
    /// <param name="key">The key of the n-gram without it.</param>
    /// <param name="symbol">The symbol.</param>
    public static ulong Extend(ulong key, ulong symbol) => Math.Max(1, CounterRandom.Mix(key ^ symbol * 0xD6E8FEB86659FD93));

    /// <summary>Inserts an n-gram that isn't there.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="log2Probability">The base-2 logarithm of its last symbol's probability after the others.</param>
    /// <param name="log2Backoff">The base-2 logarithm of what the n-gram, as a context, leaves to the shorter one.</param>
    public void Insert(ulong key, double log2Probability, double log2Backoff)
    {
        var place = (int)key & (_slots.Length - 1);
        while (_slots[place].Key != EmptyKey) place = (place + 1) & (_slots.Length - 1);
        _slots[place] = new Slot { Key = key, Log2Probability = log2Probability, Log2Backoff = log2Backoff };
    }

    /// <summary>Has the memory fetched that a look-up will need.</summary>
    /// <param name="key">The n-gram's key.</param>
    public void Touch(ulong key) => Volatile.Read(ref _slots[(int)key & (_slots.Length - 1)].Key);

    /// <summary>Looks an n-gram up; null where it never occurred.</summary>
    /// <param name="key">Its key.</param>
    public ref readonly Slot Find(ulong key)
    {
        for (var place = (int)key & (_slots.Length - 1); ; place = (place + 1) & (_slots.Length - 1))
        {
            ref var slot = ref _slots[place];
            if (slot.Key == key) return ref slot;
            if (slot.Key == EmptyKey) return ref Unsafe.NullRef<Slot>();
        }
    }

    /// <summary>An n-gram.</summary>
    public struct Slot
    {
        /// <summary>Its key.</summary>
        public ulong Key;

        /// <summary>The base-2 logarithm of its last symbol's probability after the others.</summary>
        public double Log2Probability;

        /// <summary>The base-2 logarithm of what it leaves, as a context, to the shorter one.</summary>
        public double Log2Backoff;
    }
}
