using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Coppice.Corpus.Language;

/// <summary>
/// The languages of one script and what each hashed feature says for each of them: log P(feature | language) less its mean over the languages, in steps, as bytes.
/// A text's score for a language is the sum over its features.
/// </summary>
internal sealed class ScriptGroup
{
    /// <summary>The largest weight in steps. Small enough that the 16-bit sums of a slice can't overflow.</summary>
    public const int LargestWeight = 100;

    private const int SymbolsPerSlice = 64;

    // [buckets, row]: a row is padded with zeros to whole vectors.
    private readonly sbyte[] _weights;
    private readonly int _row;

    /// <summary>Makes a group.</summary>
    /// <param name="script">The script.</param>
    /// <param name="languages">Its languages, as indices.</param>
    /// <param name="bucketBits">Two to this power is the number of buckets.</param>
    /// <param name="weights">[languages, buckets], in steps, at most <see cref="LargestWeight"/> in size; empty where there is one language only.</param>
    public ScriptGroup(int script, int[] languages, int bucketBits, sbyte[] weights)
    {
        (Script, Languages, BucketBits) = (script, languages, bucketBits);
        if (languages.Length == 1)
        {
            _weights = [];
            return;
        }

        var buckets = 1 << bucketBits;
        _row = (languages.Length + Vector<sbyte>.Count - 1) / Vector<sbyte>.Count * Vector<sbyte>.Count;
        _weights = new sbyte[buckets * _row];
        for (var language = 0; language < languages.Length; language++)
        {
            for (var bucket = 0; bucket < buckets; bucket++) _weights[bucket * _row + language] = weights[language * buckets + bucket];
        }
    }

    /// <summary>The script.</summary>
    public int Script { get; }

    /// <summary>The languages, as indices of the model's.</summary>
    public int[] Languages { get; }

    /// <summary>Two to this power is the number of buckets.</summary>
    public int BucketBits { get; }

    /// <summary>The weights as the constructor takes them.</summary>
    public sbyte[] WeightsByLanguage()
    {
        var buckets = _row == 0 ? 0 : _weights.Length / _row;
        var weights = new sbyte[Languages.Length * buckets];
        for (var i = 0; i < weights.Length; i++) weights[i] = _weights[i % buckets * _row + i / buckets];
        return weights;
    }

    /// <summary>Scores folded text.</summary>
    /// <param name="symbols">The text, of this script alone.</param>
    /// <param name="scores">[languages]: takes the scores, in steps.</param>
    /// <returns>How many features the text has.</returns>
    public int Score(ReadOnlySpan<char> symbols, Span<int> scores)
    {
        scores.Clear();
        if (_row == 0) return symbols.Length;
        Span<uint> buckets = stackalloc uint[SymbolsPerSlice * NgramHasher.PerSymbol];
        var hasher = new NgramHasher();
        var features = 0;
        while (!symbols.IsEmpty)
        {
            var slice = symbols[..Math.Min(SymbolsPerSlice, symbols.Length)];
            var count = hasher.Hash(slice, buckets);
            foreach (ref var bucket in buckets[..count]) bucket >>= 32 - BucketBits;
            AddRows(buckets[..count], scores);
            features += count;
            symbols = symbols[slice.Length..];
        }

        return features;
    }

    private void AddRows(ReadOnlySpan<uint> buckets, Span<int> scores)
    {
        Span<short> sums = stackalloc short[Vector<sbyte>.Count];
        ref var weights = ref MemoryMarshal.GetArrayDataReference(_weights);
        for (var first = 0; first < scores.Length; first += Vector<sbyte>.Count)
        {
            var (lower, upper) = (Vector<short>.Zero, Vector<short>.Zero);
            foreach (var bucket in buckets)
            {
                // In bounds: a bucket is below 2^BucketBits, and rows are whole vectors.
                var row = Vector.LoadUnsafe(ref weights, (nuint)bucket * (nuint)_row + (nuint)first);
                Vector.Widen(row, out var low, out var high);
                lower += low;
                upper += high;
            }

            lower.CopyTo(sums);
            upper.CopyTo(sums[Vector<short>.Count..]);
            var block = scores[first..Math.Min(scores.Length, first + Vector<sbyte>.Count)];
            for (var i = 0; i < block.Length; i++) block[i] += sums[i];
        }
    }
}
