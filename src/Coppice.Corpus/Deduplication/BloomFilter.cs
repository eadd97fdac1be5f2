namespace Coppice.Corpus.Deduplication;

/// <summary>A set of hashes in few bits each (Bloom 1970): it never misses one that it holds, and takes one that it does not hold for its own at a known rate.</summary>
public sealed class BloomFilter
{
    private const int BitsPerWord = 64;
    private const int WordsPerBlock = 1 << 24;

    private readonly ulong[][] _blocks;
    private readonly ulong _bits;
    private readonly int _functions;

    /// <summary>Allocates a filter.</summary>
    /// <param name="capacity">How many hashes it is for.</param>
    /// <param name="falsePositiveRate">The rate at which it errs once it holds that many; above 0 and below 1.</param>
    public BloomFilter(long capacity, double falsePositiveRate)
    {
        var words = BytesFor(capacity, falsePositiveRate) / sizeof(ulong);
        Capacity = capacity;
        _bits = (ulong)words * BitsPerWord;
        _functions = Math.Max(1, (int)Math.Round(-Math.Log2(falsePositiveRate)));
        _blocks = new ulong[(words + WordsPerBlock - 1) / WordsPerBlock][];
        for (var i = 0; i < _blocks.Length; i++) _blocks[i] = new ulong[Math.Min(WordsPerBlock, words - ((long)i * WordsPerBlock))];
    }

    /// <summary>How many hashes it is for.</summary>
    public long Capacity { get; }

    /// <summary>How many it holds.</summary>
    public long Count { get; private set; }

    /// <summary>The memory that a filter takes: -n ln p / (ln 2)² bits, in whole words.</summary>
    /// <param name="capacity">How many hashes (n) it is for.</param>
    /// <param name="falsePositiveRate">The rate (p) at which it may err.</param>
    /// <returns>Bytes.</returns>
    public static long BytesFor(long capacity, double falsePositiveRate) =>
        (long)Math.Ceiling(-Math.Log(falsePositiveRate) * Math.Max(1, capacity) / (Math.Log(2) * Math.Log(2) * BitsPerWord)) * sizeof(ulong);

    /// <summary>Adds a hash, unless the filter is full: then what it holds stays right, and what is new is not remembered.</summary>
    /// <param name="hash">A hash of 64 random bits.</param>
    /// <returns>Whether it was there before, or seemed to be.</returns>
    public bool Add(ulong hash)
    {
        var isFull = Count >= Capacity;
        var wasThere = true;
        var step = CounterRandom.Mix(hash) | 1;
        for (var i = 0; i < _functions; i++, hash += step)
        {
            // Kirsch and Mitzenmacher 2006: two hashes make as many as are needed.
            var bit = Math.BigMul(hash, _bits, out _);
            ref var word = ref _blocks[bit / BitsPerWord / WordsPerBlock][bit / BitsPerWord % WordsPerBlock];
            var mask = 1UL << (int)(bit % BitsPerWord);
            wasThere &= (word & mask) != 0;
            if (!isFull) word |= mask;
        }

        if (!wasThere && !isFull) Count++;
        return wasThere;
    }
}
