using Coppice.Corpus;
using Coppice.Evaluation;
using Coppice.Models;
using Coppice.Tokenizers;

namespace Coppice.Continual.Updates;

/// <summary>
/// Text that was kept apart from all training, of one source: what parent and update are compared on. Documents are taken evenly over the source, the same
/// ones every time.
/// </summary>
/// <param name="Name">The source's name.</param>
/// <param name="New">Whether the update learns the source.</param>
/// <param name="Sequences">Its documents.</param>
public sealed record HeldOutSource(string Name, bool New, IReadOnlyList<TokenSequence> Sequences)
{
    /// <summary>The most tokens that are judged by: the interval of a change is narrow long before.</summary>
    public const long MaximumTokens = 1_000_000;

    /// <summary>UTF-8 bytes of the documents.</summary>
    public long Bytes => Sequences.Sum(sequence => sequence.Bytes);

    /// <summary>Tokens that are predicted.</summary>
    public long Tokens => Sequences.Sum(sequence => (long)sequence.Predicted);

    /// <summary>Reads a source from a store of one source.</summary>
    /// <param name="name">The source's name.</param>
    /// <param name="isNew">Whether the update learns it.</param>
    /// <param name="store">What was kept apart.</param>
    /// <param name="tokenizer">What made the store.</param>
    public static HeldOutSource Read(string name, bool isNew, TokenStore store, ITokenizer tokenizer) =>
        new(name, isNew, [.. TokenSequences.Of(store, tokenizer, MaximumTokens)]);

    /// <summary>The same documents in the tokens of another tokenizer.</summary>
    /// <param name="from">The tokenizer of the sequences.</param>
    /// <param name="to">The other one.</param>
    public HeldOutSource Reencode(ITokenizer from, ITokenizer to) =>
        this with { Sequences = [.. TokenSequences.Of(Sequences.Select(sequence => new Document(sequence.Source, from.Decode(sequence.Tokens.Span), sequence.Source)), to)] };

    /// <summary>A part of the documents for quick measurements: evenly from all over the source.</summary>
    /// <param name="tokens">About how many tokens.</param>
    public HeldOutSource Part(long tokens)
    {
        var total = Math.Max(1, Tokens);
        if (tokens >= total) return this;
        var part = new List<TokenSequence>();
        var (passed, taken) = (0L, 0L);
        foreach (var sequence in Sequences)
        {
            // Taken where the taken share of the limit lags behind the passed share of the source; a long document is cut.
            if ((Int128)taken * total <= (Int128)passed * tokens && taken < tokens)
            {
                var length = (int)Math.Min(sequence.Predicted, Math.Max(1, Math.Min(tokens - taken, LongestPart)));
                part.Add(sequence.Predicted <= length ? sequence : Cut(sequence, length));
                taken += length;
            }

            passed += sequence.Predicted;
        }

        return this with { Sequences = part };
    }

    /// <summary>Scores a model on the documents.</summary>
    /// <param name="scorer">Scores.</param>
    /// <param name="cancellation">Ends it between two documents.</param>
    public IReadOnlyList<DocumentScore> Score(DocumentScorer scorer, CancellationToken cancellation = default) => scorer.Score(Sequences, cancellation);

    /// <summary>Bits per byte of a model on the documents.</summary>
    /// <param name="scorer">Scores.</param>
    public double BitsPerByte(DocumentScorer scorer) => BitsPerByte(Score(scorer));

    /// <summary>Bits per byte of documents together.</summary>
    /// <param name="scores">Their scores.</param>
    public static double BitsPerByte(IReadOnlyList<DocumentScore> scores) => scores.Sum(score => score.Nats) / (Math.Max(1, scores.Sum(score => score.Bytes)) * Math.Log(2));

    // One document must not stand for all.
    private const int LongestPart = 2048;

    // The bytes of a cut document are in proportion: what is compared is one part with itself.
    private static TokenSequence Cut(TokenSequence sequence, int predicted) =>
        new(sequence.Source, sequence.Tokens[..(predicted + 1)], Math.Max(1, sequence.Bytes * predicted / sequence.Predicted));
}
