using Coppice.Corpus;

namespace Coppice.Corpus.Decontamination;

/// <summary>
/// Goes over the words of a text (<see cref="WordFolding"/>) and knows the hash of the last n words, for every n up to a limit, in constant time and memory: a polynomial over
/// the words' hashes modulo 2⁶⁴, of which a window is a difference of two prefixes.
/// </summary>
internal ref struct NgramWindows
{
    private const ulong Base = 0x9E3779B97F4A7C15;
    private const ulong WordBase = 0x100000001B3;
    private readonly ReadOnlySpan<char> _text;
    private readonly ulong[] _prefixes;
    private readonly int[] _starts;
    private readonly int _mask;
    private readonly ulong[] _powers;
    private int _next;

    /// <summary>Stands before the first word.</summary>
    /// <param name="text">The text.</param>
    /// <param name="state">Buffers; used by one text at a time.</param>
    public NgramWindows(ReadOnlySpan<char> text, State state)
    {
        _text = text;
        (_prefixes, _starts, _powers) = (state.Prefixes, state.Starts, state.Powers);
        _mask = _prefixes.Length - 1;
        _prefixes[0] = 0;
    }

    /// <summary>Words so far.</summary>
    public int Count { get; private set; }

    /// <summary>The UTF-16 index behind the last word.</summary>
    public int End { get; private set; }

    /// <summary>Goes to the next word.</summary>
    /// <returns>False where there is none.</returns>
    public bool Next()
    {
        var table = WordFolding.Table;
        var text = _text;
        var i = _next;
        while (i < text.Length && table[text[i]] <= WordFolding.Ignored) i++;
        if (i == text.Length) return false;
        var start = i;
        var hash = 0UL;
        for (; i < text.Length; i++)
        {
            var folded = table[text[i]];
            if (folded <= WordFolding.Ignored)
            {
                if (folded == WordFolding.Separator) break;
                continue;
            }

            var whole = WordFolding.IsWholeWord(folded);
            if (whole && hash != 0) break;
            hash = (hash ^ folded) * WordBase + 1;
            if (!whole) continue;
            i++;
            break;
        }

        var before = _prefixes[Count & _mask];
        Count++;
        _prefixes[Count & _mask] = before * Base + CounterRandom.Mix(hash);
        _starts[Count & _mask] = start;
        (_next, End) = (i, i);
        return true;
    }

    /// <summary>The hash of the last words. Equal word sequences have equal ones.</summary>
    /// <param name="words">How many, at most the state's longest and at most <see cref="Count"/>.</param>
    public readonly ulong Hash(int words) => (_prefixes[Count & _mask] - _prefixes[(Count - words) & _mask] * _powers[words]) * Base;

    /// <summary>The UTF-16 index at which the last words begin.</summary>
    /// <param name="words">How many.</param>
    public readonly int Start(int words) => _starts[(Count - words + 1) & _mask];

    /// <summary>Buffers for one thread.</summary>
    public sealed class State
    {
        /// <summary>Makes buffers.</summary>
        /// <param name="longest">The most words of a window.</param>
        public State(int longest)
        {
            var size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)longest + 1);
            (Prefixes, Starts, Powers) = (new ulong[size], new int[size], new ulong[longest + 1]);
            Powers[0] = 1;
            for (var i = 1; i <= longest; i++) Powers[i] = Powers[i - 1] * Base;
        }

        /// <summary>A ring of prefix hashes.</summary>
        public ulong[] Prefixes { get; }

        /// <summary>A ring of the words' beginnings.</summary>
        public int[] Starts { get; }

        /// <summary>Powers of the base.</summary>
        public ulong[] Powers { get; }
    }
}
