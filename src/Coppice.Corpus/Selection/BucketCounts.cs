using System.Buffers;

namespace Coppice.Corpus.Selection;

/// <summary>A document's n-gram counts as a sketch: a hash of its text, the number of n-grams, and the buckets that hold some, ascending.</summary>
internal ref struct BucketCounts
{
    private ReadOnlySpan<byte> _rest;

    /// <summary>Stands before the first bucket.</summary>
    public BucketCounts(ReadOnlySpan<byte> sketch)
    {
        _rest = sketch;
        Hash = SketchNumbers.ReadFixed(ref _rest);
        Total = (long)SketchNumbers.ReadWhole(ref _rest);
    }

    /// <summary>The hash of the text.</summary>
    public ulong Hash { get; }

    /// <summary>All n-grams.</summary>
    public long Total { get; }

    /// <summary>The bucket.</summary>
    public int Bucket { get; private set; }

    /// <summary>What it holds.</summary>
    public int Count { get; private set; }

    /// <summary>Goes to the next bucket.</summary>
    public bool Next()
    {
        if (_rest.IsEmpty) return false;
        var step = SketchNumbers.ReadWhole(ref _rest);
        Bucket += (int)(step >> 1);
        Count = (step & 1) == 0 ? 1 : (int)SketchNumbers.ReadWhole(ref _rest) + 2;
        return true;
    }

    /// <summary>Writes the counts of the latest text.</summary>
    public static void Write(HashedNgrams ngrams, ulong hash, IBufferWriter<byte> sketch)
    {
        sketch.WriteFixed(hash);
        sketch.WriteWhole((ulong)ngrams.Total);
        var before = 0;
        foreach (var bucket in ngrams.Touched)
        {
            // Most n-grams occur once: that takes one bit of the bucket's number and not a number of its own.
            var count = ngrams[bucket];
            sketch.WriteWhole((ulong)(bucket - before) << 1 | (count > 1 ? 1UL : 0));
            if (count > 1) sketch.WriteWhole((ulong)count - 2);
            before = bucket;
        }
    }
}
