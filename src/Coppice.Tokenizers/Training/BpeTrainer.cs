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

        var (tokens, merges) = MergeLearner.Learn(alphabet, counts, options, string.Concat);
        var vocabulary = new Vocabulary(tokens.Select((token, id) => KeyValuePair.Create(token, id)).ToList());
        return new Tokenizer(style.Parts with
        {
            Model = new BpeModel(vocabulary, merges, style.ModelOptions(special)),
            AddedTokens = special.Select((token, id) => new AddedToken(id, token)).ToList(),
        });
    }

    private static void Check(BpeTrainerOptions options, IReadOnlyList<string> special)
    {
        if (options.VocabularySize < 1) throw CoppiceException.Usage("the vocabulary size must be at least 1");
        if (options.MaxTokenLength < 1) throw CoppiceException.Usage("the longest token must have at least 1 symbol");
        if (options.MaxWordBytes is < 1 or > BpeTrainerOptions.LargestWordBytes) throw CoppiceException.Usage("the bytes of distinct words must be between 1 and 268435456 (256 MiB)");
        if (options.CharacterCoverage is not (> 0 and <= 1)) throw CoppiceException.Usage("the character coverage must be above 0 and at most 1");
        if (options.Style == BpeStyle.Llama && options.InitialAlphabet != InitialAlphabet.AllBytes) throw CoppiceException.Usage("the style Llama always has all bytes to fall back to");
        SpecialTokenChecks.Check(special);
    }
}
