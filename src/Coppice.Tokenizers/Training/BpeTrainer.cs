using System.Globalization;
using Coppice.Foundation;
using Coppice.Tokenizers.Models;

namespace Coppice.Tokenizers.Training;

/// <summary>
/// Trains a byte-pair-encoding tokenizer: the most frequent pair of neighbouring symbols becomes a token, again and again (Sennrich et al., arXiv:1508.07909).
/// The result depends on the texts and options alone, not on threads. Ties go to the smallest (left id, right id), as in Hugging Face's tokenizers.
/// </summary>
[Technique("bpe", Title = "Neural Machine Translation of Rare Words with Subword Units", Paper = "arXiv:1508.07909")]
public static class BpeTrainer
{
    /// <summary>Trains a tokenizer.</summary>
    /// <param name="texts">The texts; read once, in order, and not kept.</param>
    /// <param name="options">The options.</param>
    /// <returns>The tokenizer. Its vocabulary is smaller than asked for where the texts don't have enough pairs.</returns>
    /// <exception cref="CoppiceException">The options contradict each other, or the texts are empty.</exception>
    /// <exception cref="OperationCanceledException">Stopped by the caller.</exception>
    public static Tokenizer Train(IEnumerable<string> texts, BpeTrainerOptions options)
    {
        var style = BpeStyleParts.For(options.Style);
        var special = options.SpecialTokens ?? style.SpecialTokens;
        Check(options, special);
        var counts = new WordCounter(style, options).Count(texts);
        if (counts.Count == 0) throw new CoppiceException("there is no text to train a tokenizer on");

        var alphabet = style.AlphabetOf(counts, special, options);
        if (alphabet.Tokens.Count > options.VocabularySize)
        {
            throw CoppiceException.Usage(string.Create(CultureInfo.InvariantCulture,
                $"a vocabulary of {options.VocabularySize} is too small: special tokens and symbols alone are {alphabet.Tokens.Count}"));
        }

        var (tokens, merges) = Merge(alphabet, counts, options);
        var vocabulary = new Vocabulary(tokens.Select((token, id) => KeyValuePair.Create(token, id)).ToList());
        return new Tokenizer(style.Parts with
        {
            Model = new BpeModel(vocabulary, merges, style.ModelOptions(special)),
            AddedTokens = special.Select((token, id) => new AddedToken(id, token)).ToList(),
        });
    }

    private static (List<string> Tokens, List<Merge> Merges) Merge(TrainingAlphabet alphabet, WordCounts counts, BpeTrainerOptions options)
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
            var token = tokens[best.Left] + tokens[best.Right];
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

    private static void Check(BpeTrainerOptions options, IReadOnlyList<string> special)
    {
        if (options.VocabularySize < 1) throw CoppiceException.Usage("the vocabulary size must be at least 1");
        if (options.MaxTokenLength < 1) throw CoppiceException.Usage("the longest token must have at least 1 symbol");
        if (options.MaxWordBytes is < 1 or > BpeTrainerOptions.LargestWordBytes) throw CoppiceException.Usage("the bytes of distinct words must be between 1 and 268435456 (256 MiB)");
        if (options.CharacterCoverage is not (> 0 and <= 1)) throw CoppiceException.Usage("the character coverage must be above 0 and at most 1");
        if (options.Style == BpeStyle.Llama && options.InitialAlphabet != InitialAlphabet.AllBytes) throw CoppiceException.Usage("the style Llama always has all bytes to fall back to");
        if (special.Any(string.IsNullOrEmpty)) throw CoppiceException.Usage("a special token can't be empty");
        var twice = special.GroupBy(token => token, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
        if (twice is not null) throw CoppiceException.Usage($"the special token '{twice.Key}' is given twice");
    }
}
