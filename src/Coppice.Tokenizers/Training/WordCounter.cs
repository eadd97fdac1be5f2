using System.Text;

namespace Coppice.Tokenizers.Training;

/// <summary>
/// Cuts texts into words and counts them, with several threads. Texts are taken in batches of a fixed size, so that where rare words are forgotten
/// depends on the texts alone.
/// </summary>
/// <param name="split">Appends the words of a text.</param>
/// <param name="options">Threads, memory, progress.</param>
internal sealed class WordCounter(WordCounter.Splitter split, BpeTrainerOptions options)
{
    private const int BatchUnits = 8 << 20;
    private const int ChunkUnits = 256 << 10;

    public delegate void Splitter(ReadOnlySpan<char> text, List<TextPiece> words);

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
            AddChunks(text, batch);
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

    // Long texts are cut for the threads where every style ends a word: between a character that is no white space and a space.
    private static void AddChunks(string text, List<ReadOnlyMemory<char>> chunks)
    {
        var start = 0;
        while (text.Length - start > ChunkUnits)
        {
            var cut = start + ChunkUnits;
            while (cut < text.Length && (text[cut] != ' ' || char.IsWhiteSpace(text[cut - 1]))) cut++;
            chunks.Add(text.AsMemory(start, cut - start));
            start = cut;
        }

        chunks.Add(text.AsMemory(start));
    }

    private WordCounts CountBatch(List<ReadOnlyMemory<char>> chunks, WordCounts total)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, options.Threads), CancellationToken = options.Cancellation };
        Parallel.For(0, chunks.Count, parallel, () => new Worker(split), (i, _, worker) => worker.Count(chunks[i].Span), worker =>
        {
            lock (total) total.Add(worker.Counts);
        });
        return total.Count > options.MaxDistinctWords ? total.WithoutRarest(options.MaxDistinctWords / 2) : total;
    }

    private sealed class Worker(Splitter split)
    {
        private readonly List<TextPiece> words = [];
        private byte[] bytes = new byte[1024];

        public WordCounts Counts { get; } = new();

        public Worker Count(ReadOnlySpan<char> text)
        {
            words.Clear();
            split(text, words);
            foreach (var word in words)
            {
                var needed = Encoding.UTF8.GetMaxByteCount(word.Length);
                if (bytes.Length < needed) bytes = new byte[needed];
                var length = Encoding.UTF8.GetBytes(text.Slice(word.Start, word.Length), bytes);
                Counts.Add(bytes.AsSpan(0, length), 1);
            }

            return this;
        }
    }
}
