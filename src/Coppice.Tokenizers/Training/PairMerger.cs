namespace Coppice.Tokenizers.Training;

/// <summary>Writes a word as symbols and returns how many they are: no more than its bytes. <see cref="TrainingAlphabet.NoSymbol"/> stands where nothing merges.</summary>
internal delegate int SymbolWriter(ReadOnlySpan<byte> word, Span<int> symbols);

/// <summary>
/// Finds merges: again and again the pair that occurs most often, of several the one with the smallest (left id, right id). Counts are kept up to date
/// from the words that hold the merged pair alone; a heap holds the pairs, and an entry whose count has changed is put back when it is met.
/// </summary>
internal sealed class PairMerger
{
    // Words one after another; a merged word is shorter than its room.
    private readonly int[] symbols;
    private readonly int[] wordStarts;
    private readonly int[] wordLengths;
    private readonly long[] wordCounts;
    private readonly int[] symbolLengths;
    private readonly int? maxTokenLength;
    private readonly PairTable pairs = new();
    private readonly PriorityQueue<ulong, (long Count, ulong Pair)> queue = new(Comparer<(long Count, ulong Pair)>.Create(static (a, b) =>
        a.Count != b.Count ? b.Count.CompareTo(a.Count) : a.Pair.CompareTo(b.Pair)));

    private readonly List<ulong> grown = [];

    /// <summary>Counts the pairs of the words.</summary>
    /// <param name="words">The words and how often each occurs.</param>
    /// <param name="writeSymbols">Makes symbols of a word.</param>
    /// <param name="vocabularyLimit">One more than the largest id that merges may give.</param>
    /// <param name="maxTokenLength">The most symbols in a token, or null.</param>
    public PairMerger(WordCounts words, SymbolWriter writeSymbols, int vocabularyLimit, int? maxTokenLength)
    {
        this.maxTokenLength = maxTokenLength;
        symbolLengths = new int[vocabularyLimit];
        Array.Fill(symbolLengths, 1);
        // No word has more symbols than bytes.
        symbols = new int[words.ByteCount];
        wordStarts = new int[words.Count];
        wordLengths = new int[words.Count];
        wordCounts = new long[words.Count];
        var start = 0;
        for (var w = 0; w < words.Count; w++)
        {
            wordStarts[w] = start;
            wordLengths[w] = writeSymbols(words.Word(w), symbols.AsSpan(start));
            wordCounts[w] = words.CountOf(w);
            var word = symbols.AsSpan(start, wordLengths[w]);
            for (var i = 0; i + 1 < word.Length; i++) Change(word[i], word[i + 1], wordCounts[w], w);
            start += word.Length;
        }

        QueueGrown();
    }

    /// <summary>The pair to merge next and how often it occurs, or null when none is left.</summary>
    public (int Left, int Right, long Count)? Next()
    {
        while (queue.TryDequeue(out var pair, out var entry))
        {
            var count = pairs.Count(pair);
            if (count == entry.Count) return ((int)(pair >> 32), (int)pair, count);
            if (count > 0) queue.Enqueue(pair, (count, pair));
        }

        return null;
    }

    /// <summary>Merges a pair wherever it occurs.</summary>
    /// <param name="left">The left symbol.</param>
    /// <param name="right">The right symbol.</param>
    /// <param name="merged">What they become.</param>
    public void Merge(int left, int right, int merged)
    {
        symbolLengths[merged] = symbolLengths[left] + symbolLengths[right];
        var pair = PairTable.Key(left, right);
        foreach (var word in pairs.TakeWords(pair)) MergeIn(word, left, right, merged);
        pairs.Remove(pair);
        QueueGrown();
    }

    private void MergeIn(int word, int left, int right, int merged)
    {
        var text = symbols.AsSpan(wordStarts[word], wordLengths[word]);
        var count = wordCounts[word];
        var kept = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != left || i + 1 >= text.Length || text[i + 1] != right)
            {
                text[kept++] = text[i];
                continue;
            }

            if (kept > 0)
            {
                Change(text[kept - 1], left, -count, word);
                Change(text[kept - 1], merged, count, word);
            }

            if (i + 2 < text.Length)
            {
                Change(right, text[i + 2], -count, word);
                Change(merged, text[i + 2], count, word);
            }

            text[kept++] = merged;
            i++;
        }

        wordLengths[word] = kept;
    }

    private void Change(int left, int right, long change, int word)
    {
        if (left == TrainingAlphabet.NoSymbol || right == TrainingAlphabet.NoSymbol || symbolLengths[left] + symbolLengths[right] > maxTokenLength) return;
        var pair = PairTable.Key(left, right);
        if (change < 0) pairs.Decrease(pair, -change);
        else if (pairs.Increase(pair, change, word)) grown.Add(pair);
    }

    private void QueueGrown()
    {
        foreach (var pair in grown)
        {
            var count = pairs.TakeGrown(pair);
            if (count > 0) queue.Enqueue(pair, (count, pair));
        }

        grown.Clear();
    }
}
