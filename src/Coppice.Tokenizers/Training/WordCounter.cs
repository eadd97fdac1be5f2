using System.Text;

namespace Coppice.Tokenizers.Training;

/// <summary>
/// Cuts texts into words and counts them, with several threads. Texts are taken in batches of a fixed size, so that where rare words are forgotten
/// depends on the texts alone.
/// </summary>
/// <param name="splitter">How words are cut.</param>
/// <param name="options">Threads, memory, progress.</param>
internal sealed class WordCounter(WordSplitter splitter, BpeTrainerOptions options)
{
    private const int BatchUnits = 8 << 20;
    private const int ChunkUnits = 256 << 10;

    // Longer words (a picture as text, a genome) are counted in pieces of this many bytes: looking for a pair in a word takes as long as the word is.
    private const int LongestWord = 1024;

    /// <summary>Counts the words of all texts.</summary>
    /// <exception cref="OperationCanceledException">Stopped by the caller.</exception>
    public WordCounts Count(IEnumerable<string> texts)
    {
        var total = new WordCounts();
        var batch = new List<ReadOnlyMemory<char>>();
        long units = 0;
        long counted = 0;
        foreach (var text in texts)
        {
            foreach (var part in splitter.Prepare(text)) AddChunks(part, batch);
            units += text.Length;
            counted++;
            if (units < BatchUnits) continue;
            total = CountBatch(batch, total);
            batch.Clear();
            units = 0;
            options.Progress?.Invoke(new TrainerProgress("count words", counted, null));
        }

        total = CountBatch(batch, total);
        options.Progress?.Invoke(new TrainerProgress("count words", counted, counted));
        return total;
    }

    // Long texts are cut for the threads where every way of cutting ends a word: between a character that is no white space and a space.
    private void AddChunks(string text, List<ReadOnlyMemory<char>> chunks)
    {
        var start = 0;
        while (text.Length - start > ChunkUnits)
        {
            var cut = start + ChunkUnits;
            while (cut < text.Length && (text[cut] != splitter.Space || text[cut - 1] == splitter.Space || char.IsWhiteSpace(text[cut - 1]))) cut++;
            chunks.Add(text.AsMemory(start, cut - start));
            start = cut;
        }

        chunks.Add(text.AsMemory(start));
    }

    private WordCounts CountBatch(List<ReadOnlyMemory<char>> chunks, WordCounts total)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, options.Threads), CancellationToken = options.Cancellation };
        Parallel.For(0, chunks.Count, parallel, () => new Worker(splitter), (i, _, worker) => worker.Count(chunks[i].Span), worker =>
        {
            lock (total) total.Add(worker.Counts);
        });
        return total.ByteCount > options.MaxWordBytes ? total.WithoutRarest(options.MaxWordBytes / 2) : total;
    }

    private sealed class Worker(WordSplitter splitter)
    {
        private readonly List<TextPiece> words = [];
        private byte[] bytes = new byte[1024];

        public WordCounts Counts { get; } = new();

        public Worker Count(ReadOnlySpan<char> text)
        {
            words.Clear();
            splitter.Split(text, words);
            foreach (var word in words)
            {
                var needed = Encoding.UTF8.GetMaxByteCount(word.Length);
                if (bytes.Length < needed) bytes = new byte[needed];
                var length = Encoding.UTF8.GetBytes(text.Slice(word.Start, word.Length), bytes);
                AddPieces(bytes.AsSpan(0, length));
            }

            return this;
        }

        private void AddPieces(ReadOnlySpan<byte> word)
        {
            while (word.Length > LongestWord)
            {
                var end = LongestWord;
                while (IsInsideCharacter(word[end])) end--;
                Counts.Add(word[..end], 1);
                word = word[end..];
            }

            Counts.Add(word, 1);
        }

        private static bool IsInsideCharacter(byte value) => (value & 0xC0) == 0x80;
    }
}
