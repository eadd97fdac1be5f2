using Coppice.Tokenizers.Models;

namespace Coppice.Tokenizers.Training;

/// <summary>Learns merges: the most frequent pair of neighbouring symbols becomes a token, again and again.</summary>
internal static class MergeLearner
{
    /// <summary>Learns until the vocabulary is full or no pair is frequent enough.</summary>
    /// <param name="alphabet">The vocabulary to start from.</param>
    /// <param name="counts">The words.</param>
    /// <param name="options">The size of the vocabulary, the least frequency and the longest token.</param>
    /// <param name="join">The token that two neighbouring ones become.</param>
    public static (List<string> Tokens, List<Merge> Merges) Learn(TrainingAlphabet alphabet, WordCounts counts, BpeTrainerOptions options, Func<string, string, string> join)
    {
        var tokens = alphabet.Tokens.ToList();
        var ids = tokens.Select((token, id) => (token, id)).ToDictionary(pair => pair.token, pair => pair.id, StringComparer.Ordinal);
        var merges = new List<Merge>();
        var merged = new HashSet<(int, int)>();
        // Each merge takes at least one symbol away, so there can't be more of them than bytes.
        var largestVocabulary = (int)Math.Min(options.VocabularySize, (long)tokens.Count + counts.ByteCount);
        var merger = new PairMerger(counts, alphabet.WriteSymbols, largestVocabulary, options.MaxTokenLength);
        var leastCount = Math.Max(1, options.MinFrequency);
        while (tokens.Count < options.VocabularySize && merger.Next() is { } best && best.Count >= leastCount)
        {
            options.Cancellation.ThrowIfCancellationRequested();
            var token = join(tokens[best.Left], tokens[best.Right]);
            // Two pairs may spell the same token: the second merge leads to the token that is there.
            if (!ids.TryGetValue(token, out var id))
            {
                id = tokens.Count;
                ids.Add(token, id);
                tokens.Add(token);
            }

            // Text that spells a special token or the name of a byte must not become it.
            if (id < alphabet.Tokens.Count) continue;

            // A pair that comes up again, its left token spelt by another merge, keeps its first rank.
            if (merged.Add((best.Left, best.Right))) merges.Add(new Merge(best.Left, best.Right, id));
            merger.Merge(best.Left, best.Right, id);
            if (merges.Count % 1000 == 0) options.Progress?.Invoke(new TrainerProgress("merge", tokens.Count, options.VocabularySize));
        }

        options.Progress?.Invoke(new TrainerProgress("merge", tokens.Count, tokens.Count));
        return (tokens, merges);
    }
}
