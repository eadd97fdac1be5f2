using System.Globalization;
using System.Text;
using Coppice.Foundation;
using Coppice.Tokenizers.Decoders;
using Coppice.Tokenizers.Models;
using Coppice.Tokenizers.Normalizers;
using Coppice.Tokenizers.PostProcessors;
using Coppice.Tokenizers.PreTokenizers;

namespace Coppice.Tokenizers.Training;

/// <summary>
/// Trains a WordPiece tokenizer in the manner of BERT (Devlin et al., arXiv:1810.04805). As in Hugging Face's tokenizers its tokens are those of
/// byte-pair encoding, where a character that goes on with a word is another symbol (<c>##a</c>) than one that begins it. The result depends on the texts
/// and options alone, not on threads.
/// </summary>
[Technique("wordpiece", Title = "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding", Paper = "arXiv:1810.04805")]
public static class WordPieceTrainer
{
    /// <summary>The token of words that can't be put together.</summary>
    public const string UnknownToken = "[UNK]";

    private const string Continuing = "##", First = "[CLS]", Last = "[SEP]", Mask = "[MASK]";

    /// <summary>Trains a tokenizer.</summary>
    /// <param name="texts">The texts; read once, in order, and not kept.</param>
    /// <param name="options">The options.</param>
    /// <returns>The tokenizer. Its vocabulary is smaller than asked for where the texts don't have enough pairs.</returns>
    /// <exception cref="CoppiceException">The options contradict each other, or the texts are empty.</exception>
    /// <exception cref="OperationCanceledException">Stopped by the caller.</exception>
    public static Tokenizer Train(IEnumerable<string> texts, WordPieceTrainerOptions options)
    {
        Check(options);
        var normalizer = new BertNormalizer(new BertNormalizerOptions(LowerCase: options.LowerCase));
        var merging = new BpeTrainerOptions
        {
            VocabularySize = options.VocabularySize,
            MinFrequency = options.MinFrequency,
            Threads = options.Threads,
            Progress = options.Progress,
            Cancellation = options.Cancellation,
        };
        var counts = new WordCounter(new BertWords(normalizer), merging).Count(texts);
        if (counts.Count == 0) throw new CoppiceException("there is no text to train a tokenizer on");
        var alphabet = new BertAlphabet(counts, options.SpecialTokens, options.AlphabetSize);
        if (alphabet.Tokens.Count > options.VocabularySize)
        {
            throw CoppiceException.Usage(string.Create(CultureInfo.InvariantCulture,
                $"a vocabulary of {options.VocabularySize} is too small: special tokens and symbols alone are {alphabet.Tokens.Count}"));
        }

        var (tokens, _) = MergeLearner.Learn(alphabet, counts, merging, Join);
        var vocabulary = new Vocabulary(tokens.Select((token, id) => KeyValuePair.Create(token, id)).ToList());
        return new Tokenizer(new TokenizerParts
        {
            Model = new WordPieceModel(vocabulary, new WordPieceOptions { UnknownToken = UnknownToken, ContinuingPrefix = Continuing }),
            AddedTokens = options.SpecialTokens.Select((token, id) => new AddedToken(id, token, StripLeft: token == Mask)).ToList(),
            Normalizer = normalizer,
            PreTokenizer = new BertPreTokenizer(),
            PostProcessor = vocabulary.Find(First) is { } first && vocabulary.Find(Last) is { } last
                ? new BertPostProcessor(new EdgeToken(First, first), new EdgeToken(Last, last))
                : null,
            Decoder = new WordPieceDecoder(Continuing, cleanup: true),
        });
    }

    private static string Join(string left, string right) => left + right[Continuing.Length..];

    private static void Check(WordPieceTrainerOptions options)
    {
        if (options.VocabularySize < 1) throw CoppiceException.Usage("the vocabulary size must be at least 1");
        if (options.AlphabetSize < 1) throw CoppiceException.Usage("the alphabet must have at least 1 character");
        SpecialTokenChecks.Check(options.SpecialTokens);
        if (!options.SpecialTokens.Contains(UnknownToken, StringComparer.Ordinal)) throw CoppiceException.Usage($"the special tokens must have {UnknownToken} among them");
    }

    private sealed class BertWords(BertNormalizer normalizer) : WordSplitter
    {
        private readonly BertPreTokenizer preTokenizer = new();

        public override char Space => ' ';

        public override IEnumerable<string> Prepare(string text)
        {
            var normalized = NormalizedText.From(text, 0, trackOffsets: false);
            normalizer.Apply(normalized);
            return [normalized.Text];
        }

        public override void Split(ReadOnlySpan<char> text, List<TextPiece> words) => preTokenizer.Split(text, new TextPiece(0, text.Length), words);
    }

    /// <summary>The most frequent characters, each as the beginning of a word, and those that go on with a word, after a mark that says so.</summary>
    private sealed class BertAlphabet : TrainingAlphabet
    {
        private readonly Dictionary<int, int> firsts = [];
        private readonly Dictionary<int, int> continuing = [];

        public BertAlphabet(WordCounts counts, IReadOnlyList<string> special, int size)
            : base(special)
        {
            var characters = FrequentCharacters.Count(counts).OrderByDescending(character => character.Value).ThenBy(character => character.Key)
                .Take(size).Select(character => character.Key).Order().ToList();
            var inside = Inside(counts);
            foreach (var character in characters) firsts[character] = Add(new Rune(character).ToString(), special.Count);
            foreach (var character in characters.Where(inside.Contains)) continuing[character] = Add(Continuing + new Rune(character), special.Count);
        }

        public override int WriteSymbols(ReadOnlySpan<byte> word, Span<int> symbols)
        {
            var count = 0;
            while (word.Length > 0)
            {
                Rune.DecodeFromUtf8(word, out var rune, out var length);
                symbols[count] = (count == 0 ? firsts : continuing).GetValueOrDefault(rune.Value, NoSymbol);
                count++;
                word = word[length..];
            }

            return count;
        }

        private static HashSet<int> Inside(WordCounts counts)
        {
            var inside = new HashSet<int>();
            for (var i = 0; i < counts.Count; i++)
            {
                var word = counts.Word(i);
                Rune.DecodeFromUtf8(word, out _, out var length);
                for (word = word[length..]; word.Length > 0; word = word[length..])
                {
                    Rune.DecodeFromUtf8(word, out var rune, out length);
                    inside.Add(rune.Value);
                }
            }

            return inside;
        }
    }
}
