using System.Diagnostics;
using System.Runtime.InteropServices;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Benchmarks;

/// <summary>Speeds of a tokenizer on a text.</summary>
/// <param name="TextMib">The text, in MiB of UTF-8.</param>
/// <param name="Tokens">Its tokens.</param>
/// <param name="IdsSha256">SHA-256 of the token ids, four bytes each in the processor's order: to see whether another tokenizer gives the same.</param>
/// <param name="EncodeMibPerSecond">Encoding on one thread, nothing cached; median.</param>
/// <param name="DecodeMibPerSecond">Decoding on one thread; median.</param>
/// <param name="TrainSeconds">Training a byte-level BPE of <paramref name="TrainVocabulary"/> tokens on the text; median.</param>
/// <param name="TrainWordPieceSeconds">Training WordPiece, of as many tokens; median.</param>
/// <param name="TrainUnigramSeconds">Training Unigram, of as many tokens; median.</param>
/// <param name="TrainVocabulary">The size of these vocabularies.</param>
/// <param name="TrainThreads">The threads that train.</param>
public sealed record TokenizerResult(
    double TextMib, long Tokens, string IdsSha256, double EncodeMibPerSecond, double DecodeMibPerSecond,
    double TrainSeconds, double TrainWordPieceSeconds, double TrainUnigramSeconds, int TrainVocabulary, int TrainThreads);

/// <summary>Encoding, decoding and training.</summary>
public static class TokenizerBenchmark
{
    private const int Rounds = 5;
    private const int TrainVocabulary = 30_000;

    /// <summary>Measures. The text is read and held first: reading is not measured.</summary>
    /// <param name="tokenizerPath">A tokenizer of any format that is read.</param>
    /// <param name="textPath">Text of any format that is read.</param>
    /// <param name="threads">Threads that train; 0 for one per processor.</param>
    public static TokenizerResult Run(string tokenizerPath, string textPath, int threads)
    {
        var tokenizer = Tokenizer.Load(tokenizerPath);
        var texts = new CorpusPipeline([new CorpusInput(textPath)]).Run(new CorpusReport()).Select(document => document.Text).ToList();
        var bytes = texts.Sum(text => (long)System.Text.Encoding.UTF8.GetByteCount(text));
        var mib = bytes / 1048576.0;
        var ids = new List<int>();
        var encode = Median(() =>
        {
            ids.Clear();
            foreach (var text in texts) tokenizer.Encode(text, ids);
        });
        var all = ids.ToArray();
        var decode = Median(() => tokenizer.Decode(all));
        var workers = threads == 0 ? Environment.ProcessorCount : threads;
        var train = Median(() => BpeTrainer.Train(texts, new BpeTrainerOptions { VocabularySize = TrainVocabulary, Threads = workers }));
        var trainWordPiece = Median(() => WordPieceTrainer.Train(texts, new WordPieceTrainerOptions { VocabularySize = TrainVocabulary, Threads = workers }));
        var trainUnigram = Median(() => UnigramTrainer.Train(texts, new UnigramTrainerOptions { VocabularySize = TrainVocabulary, Threads = workers }));
        return new TokenizerResult(mib, all.Length, Checksum.Of(MemoryMarshal.AsBytes(all.AsSpan())), mib / encode, mib / decode, train, trainWordPiece, trainUnigram, TrainVocabulary, workers);
    }

    private static double Median(Action work)
    {
        var seconds = new List<double>();
        for (var round = 0; round <= Rounds; round++)
        {
            var start = Stopwatch.GetTimestamp();
            work();
            // The first round warms up.
            if (round > 0) seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        seconds.Sort();
        return seconds[Rounds / 2];
    }
}
