using System.Numerics;

namespace Coppice.Corpus.Deduplication;

/// <summary>
/// Suffix arrays by induced sorting: linear in time whatever the text. Beside the array of 4 bytes a symbol it takes a bit a symbol, and for the counters of the
/// recursion 8 bytes for each different LMS substring: about 2 bytes a symbol in natural text.
/// </summary>
/// <remarks>SA-IS of Nong, Zhang and Chan ("Two Efficient Algorithms for Linear Time Suffix Array Construction", 2011, doi:10.1109/TC.2010.188).</remarks>
internal static class SuffixArray
{
    /// <summary>Sorts the suffixes of a text by the values of its units.</summary>
    /// <param name="text">The text.</param>
    /// <param name="suffixes">Takes where the suffixes start, the smallest suffix first; as long as the text.</param>
    public static void Sort(ReadOnlySpan<char> text, Span<int> suffixes)
    {
        var largest = '\0';
        foreach (var unit in text) largest = (char)Math.Max(largest, unit);
        Sort(text, suffixes, largest + 1);
    }

    private static void Sort<T>(ReadOnlySpan<T> text, Span<int> suffixes, int alphabet)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (text.Length == 0) return;
        var types = new SuffixTypes(text.Length);
        types.Classify(text);
        var starts = BucketStarts(text, alphabet);

        // 1. Any order of the LMS positions induces the order of the LMS substrings.
        suffixes.Fill(-1);
        var next = new int[alphabet];
        SetToEnds(next, starts, text.Length);
        var count = 0;
        for (var i = text.Length - 1; i > 0; i--)
        {
            if (!types.IsLeftmostS(i)) continue;
            suffixes[--next[Symbol(text, i)]] = i;
            count++;
        }

        Induce(text, suffixes, starts, next);

        // 2. They are named by rank: the names, in the order of the text, are a text of at most half the length with the same order of suffixes.
        var sorted = 0;
        foreach (var suffix in suffixes)
        {
            if (types.IsLeftmostS(suffix)) suffixes[sorted++] = suffix;
        }

        var names = Name(text, suffixes, count, types);
        var reduced = suffixes[^count..];
        var order = suffixes[..count];
        if (names == count)
        {
            for (var i = 0; i < count; i++) order[reduced[i]] = i;
        }
        else
        {
            Sort<int>(reduced, order, names);
        }

        // 3. The LMS suffixes in their true order induce the order of all.
        for (int i = text.Length - 1, place = count; i > 0; i--)
        {
            if (types.IsLeftmostS(i)) reduced[--place] = i;
        }

        foreach (ref var suffix in order) suffix = reduced[suffix];
        suffixes[count..].Fill(-1);
        SetToEnds(next, starts, text.Length);
        for (var i = count - 1; i >= 0; i--)
        {
            var suffix = suffixes[i];
            suffixes[i] = -1;
            suffixes[--next[Symbol(text, suffix)]] = suffix;
        }

        Induce(text, suffixes, starts, next);
    }

    /// <summary>From LMS positions at the ends of their buckets: first the L suffixes from left to right, then the S suffixes from right to left.</summary>
    /// <remarks>The type of the suffix before follows from its symbol and that of the one at hand: they lie side by side in memory, and the types do not.</remarks>
    private static void Induce<T>(ReadOnlySpan<T> text, Span<int> suffixes, int[] starts, int[] next)
        where T : unmanaged, IBinaryInteger<T>
    {
        starts.CopyTo(next, 0);
        suffixes[next[Symbol(text, text.Length - 1)]++] = text.Length - 1;
        for (var i = 0; i < suffixes.Length; i++)
        {
            var suffix = suffixes[i];
            if (suffix <= 0) continue;

            // With equal symbols it has the type of the suffix at hand, which is L: an LMS suffix has a larger symbol before it.
            var before = Symbol(text, suffix - 1);
            if (before >= Symbol(text, suffix)) suffixes[next[before]++] = suffix - 1;
        }

        SetToEnds(next, starts, text.Length);
        for (var i = suffixes.Length - 1; i >= 0; i--)
        {
            var suffix = suffixes[i];
            if (suffix <= 0) continue;

            // With equal symbols it has the type of the suffix at hand, which is S where it was put by this loop.
            var (before, symbol) = (Symbol(text, suffix - 1), Symbol(text, suffix));
            if (before < symbol || (before == symbol && i >= next[symbol])) suffixes[--next[before]] = suffix - 1;
        }
    }

    /// <summary>Replaces sorted LMS positions by the reduced text, at the end of the array.</summary>
    /// <returns>How many different names there are.</returns>
    private static int Name<T>(ReadOnlySpan<T> text, Span<int> suffixes, int count, SuffixTypes types)
        where T : unmanaged, IBinaryInteger<T>
    {
        // LMS positions are at least two apart, so that half a position is a place of its own.
        var byHalf = suffixes[count..];
        byHalf.Fill(-1);
        var (names, last) = (0, -1);
        for (var i = 0; i < count; i++)
        {
            var position = suffixes[i];
            if (last < 0 || !IsSameSubstring(text, types, last, position)) names++;
            byHalf[position / 2] = names - 1;
            last = position;
        }

        var place = suffixes.Length;
        for (var i = suffixes.Length - 1; i >= count; i--)
        {
            if (suffixes[i] >= 0) suffixes[--place] = suffixes[i];
        }

        return names;
    }

    private static bool IsSameSubstring<T>(ReadOnlySpan<T> text, SuffixTypes types, int first, int second)
        where T : unmanaged, IBinaryInteger<T>
    {
        for (var i = 0; ; i++)
        {
            if (first + i == text.Length || second + i == text.Length || text[first + i] != text[second + i]) return false;
            var (firstEnds, secondEnds) = (i > 0 && types.IsLeftmostS(first + i), i > 0 && types.IsLeftmostS(second + i));
            if (firstEnds || secondEnds) return firstEnds && secondEnds;
        }
    }

    private static int[] BucketStarts<T>(ReadOnlySpan<T> text, int alphabet)
        where T : unmanaged, IBinaryInteger<T>
    {
        var starts = new int[alphabet];
        foreach (var symbol in text) starts[int.CreateTruncating(symbol)]++;
        var sum = 0;
        foreach (ref var start in starts.AsSpan()) (start, sum) = (sum, sum + start);
        return starts;
    }

    private static void SetToEnds(int[] ends, int[] starts, int length)
    {
        starts.AsSpan(1).CopyTo(ends);
        ends[^1] = length;
    }

    private static int Symbol<T>(ReadOnlySpan<T> text, int index)
        where T : unmanaged, IBinaryInteger<T> => int.CreateTruncating(text[index]);

    /// <summary>Whether each suffix is smaller (S) or larger (L) than the one after it. The last one is L: what follows it, nothing, is the smallest.</summary>
    private readonly struct SuffixTypes(int length)
    {
        private readonly ulong[] _isS = new ulong[(length + 63) / 64];

        public void Classify<T>(ReadOnlySpan<T> text)
            where T : unmanaged, IBinaryInteger<T>
        {
            var isS = false;
            for (var i = text.Length - 2; i >= 0; i--)
            {
                if (text[i] != text[i + 1]) isS = text[i] < text[i + 1];
                if (isS) _isS[i / 64] |= 1UL << (i % 64);
            }
        }

        public bool IsS(int index) => (_isS[index / 64] >> (index % 64) & 1) != 0;

        /// <summary>Whether a suffix is S and the one before it is L (LMS).</summary>
        public bool IsLeftmostS(int index) => index > 0 && IsS(index) && !IsS(index - 1);
    }
}
