using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;

namespace Coppice.Continual.Vocabulary;

/// <summary>How much of a grown model's distribution new tokens have, averaged over the places of a text. NaN where there is none.</summary>
/// <param name="Places">The tokens after which the next one was predicted.</param>
/// <param name="Probability">The mean probability of all new tokens together.</param>
/// <param name="LogPartition">
/// The mean of log Z, the logarithm of the sum of e^logit over all tokens, in nats. Far below 0, a row of zeros would take nearly all probability.
/// </param>
/// <param name="NatsLost">
/// What an old token's prediction costs more than before: the mean of log(1 + Σ P(new) / Σ P(old)), in nats a token. On text whose segmentation has not
/// changed, this is the whole change of the loss.
/// </param>
public sealed record NewTokenShare(long Places, double Probability, double LogPartition, double NatsLost)
{
    /// <summary>Enough for two digits; a text is read no further.</summary>
    public const int DefaultPlaces = 2048;

    private const int LongestWindow = 128;

    /// <summary>Measures it at the beginning of a text.</summary>
    /// <param name="model">The grown model.</param>
    /// <param name="tokenizer">Encodes the text; the old tokenizer to see what old tokens lose.</param>
    /// <param name="documents">The text; each document is read from its begin-of-text token on.</param>
    /// <param name="firstNewId">The first new token.</param>
    /// <param name="newTokens">The number of new tokens.</param>
    /// <param name="places">The most places to look at.</param>
    public static NewTokenShare Measure(
        LanguageModel model, ITokenizer tokenizer, IEnumerable<Document> documents, int firstNewId, int newTokens, int places = DefaultPlaces)
    {
        using var tape = new Tape(model.Backend) { Recording = false };
        var input = new ModelInput(model);
        var (seen, probability, partition, lost) = (0, 0.0, 0.0, 0.0);
        foreach (var ids in Windows(model, tokenizer, documents))
        {
            var count = Math.Min(ids.Length, places - seen);
            if (count == 0) break;
            input.Set(tape, ids.AsSpan(0, count), [.. Enumerable.Range(0, count)], [0, count], training: false);
            var logits = model.Logits(tape, model.Hidden(tape, input)).ToArray();
            tape.Reset();
            var size = logits.Length / count;
            for (var place = 0; place < count; place++)
            {
                var row = logits.AsSpan(place * size, size);
                var added = LogSum(row.Slice(firstNewId, newTokens));
                var before = LogAdd(LogSum(row[..firstNewId]), LogSum(row[(firstNewId + newTokens)..]));
                var all = LogAdd(before, added);
                probability += Math.Exp(added - all);
                partition += all;
                lost += all - before;
            }

            seen += count;
        }

        return new NewTokenShare(seen, probability / seen, partition / seen, lost / seen);
    }

    private static IEnumerable<int[]> Windows(LanguageModel model, ITokenizer tokenizer, IEnumerable<Document> documents)
    {
        var ids = new List<int>();
        foreach (var document in documents)
        {
            ids.Clear();
            if (tokenizer.BeginOfText is { } begin) ids.Add(begin);
            tokenizer.Encode(document.Text, ids);
            foreach (var window in ids.Chunk(Math.Min(LongestWindow, model.Configuration.MaxPositions))) yield return window;
        }
    }

    private static double LogSum(ReadOnlySpan<float> logits)
    {
        if (logits.IsEmpty) return double.NegativeInfinity;
        var largest = float.NegativeInfinity;
        foreach (var logit in logits) largest = Math.Max(largest, logit);
        var sum = 0.0;
        foreach (var logit in logits) sum += Math.Exp(logit - (double)largest);
        return largest + Math.Log(sum);
    }

    // Of two numbers of which the first is finite.
    private static double LogAdd(double a, double b) => Math.Max(a, b) + Math.Log(1 + Math.Exp(-Math.Abs(a - b)));
}
