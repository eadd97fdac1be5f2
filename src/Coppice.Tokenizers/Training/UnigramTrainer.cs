using System.Globalization;
using System.Text;
using Coppice.Foundation;
using Coppice.Tokenizers.Decoders;
using Coppice.Tokenizers.Models;
using Coppice.Tokenizers.Normalizers;
using Coppice.Tokenizers.PreTokenizers;

namespace Coppice.Tokenizers.Training;

/// <summary>
/// Trains a Unigram tokenizer as SentencePiece does (Kudo, arXiv:1804.10959): from frequent substrings, whose probabilities are estimated by expectation
/// maximisation, the least useful are taken out again and again. Characters that are rare or new become bytes. The result depends on the texts and options
/// alone, not on threads.
/// </summary>
[Technique("unigram", Title = "Subword Regularization: Improving Neural Network Translation Models with Multiple Subword Candidates", Paper = "arXiv:1804.10959")]
public static class UnigramTrainer
{
    /// <summary>The token of characters that are no piece, where there are no bytes for them.</summary>
    public const string UnknownToken = "<unk>";

    private const char Space = '▁';

    // Pieces that are left at the end are somewhat more than wanted, for the best of them to be chosen.
    private const double Surplus = 1.1;

    // A character that estimation has dropped is a little less probable than every other piece.
    private const double DroppedPenalty = 0.0001;

    /// <summary>Trains a tokenizer.</summary>
    /// <param name="texts">The texts; read once, in order, and not kept.</param>
    /// <param name="options">The options.</param>
    /// <returns>The tokenizer. Its vocabulary is smaller than asked for where the texts don't have enough pieces.</returns>
    /// <exception cref="CoppiceException">The options contradict each other, or the texts are empty.</exception>
    /// <exception cref="OperationCanceledException">Stopped by the caller.</exception>
    public static Tokenizer Train(IEnumerable<string> texts, UnigramTrainerOptions options)
    {
        Check(options);
        var counting = new BpeTrainerOptions { Threads = options.Threads, Progress = options.Progress, Cancellation = options.Cancellation };
        var counts = new WordCounter(new MetaspaceWords(), counting).Count(texts);
        if (counts.Count == 0) throw new CoppiceException("there is no text to train a tokenizer on");
        var characters = FrequentCharacters.Covering(FrequentCharacters.Count(counts), options.CharacterCoverage).Order().ToList();
        var bytes = Enumerable.Range(0, 256).Select(SymbolTable.ByteToken).Except(options.SpecialTokens).ToList();
        var reserved = options.SpecialTokens.Count + bytes.Count;
        if (reserved + characters.Count > options.VocabularySize)
        {
            throw CoppiceException.Usage(string.Create(CultureInfo.InvariantCulture,
                $"a vocabulary of {options.VocabularySize} is too small: special tokens, bytes and characters alone are {reserved + characters.Count}"));
        }

        var words = UnigramWords.Of(counts, characters);
        var pieces = Learn(words, options.VocabularySize - reserved, options);
        var chosen = Choose(pieces, characters, options.VocabularySize - reserved, options.SpecialTokens.Concat(bytes));
        var all = options.SpecialTokens.Concat(bytes).Select(token => new UnigramPiece(token, 0)).Concat(chosen).ToList();
        return new Tokenizer(new TokenizerParts
        {
            Model = new UnigramModel(all, IndexOf(options.SpecialTokens, UnknownToken), byteFallback: true),
            AddedTokens = options.SpecialTokens.Select((token, id) => new AddedToken(id, token)).ToList(),
            Normalizer = new NormalizerSequence([new PrependNormalizer(Space.ToString()), new ReplaceNormalizer(new TextPattern(" ", isRegex: false), Space.ToString())]),
            PreTokenizer = new SplitPreTokenizer(new TextPattern(MetaspaceScanner.Pattern, isRegex: true), SplitBehavior.Isolated, invert: false),
            Decoder = new DecoderSequence(
            [
                new ReplaceDecoder(new TextPattern(Space.ToString(), isRegex: false), " "),
                new ByteFallbackDecoder(),
                new FuseDecoder(),
                new StripDecoder(' ', start: 1, stop: 0),
            ]),
        });
    }

    private static List<UnigramPiece> Learn(UnigramWords words, int size, UnigramTrainerOptions options)
    {
        var estimator = new UnigramEstimator(words, options.Threads, options.Cancellation);
        var surplus = (int)(Surplus * size);
        var pieces = UnigramSeeds.Find(words, Math.Max(options.SeedSize, surplus), options.MaxPieceLength, options.Cancellation);
        while (true)
        {
            for (var iteration = 0; iteration < options.Iterations; iteration++)
            {
                options.Progress?.Invoke(new TrainerProgress("estimate", pieces.Count, null));
                pieces = estimator.Estimate(pieces);
            }

            if (pieces.Count <= surplus) return pieces;
            var fewer = estimator.Prune(pieces, Math.Max(surplus, (int)(options.ShrinkingFactor * pieces.Count)));
            if (fewer.Count == pieces.Count) return pieces;
            pieces = fewer;
        }
    }

    // Every character, then the most probable pieces.
    private static IEnumerable<UnigramPiece> Choose(List<UnigramPiece> pieces, List<int> characters, int size, IEnumerable<string> reserved)
    {
        var scores = pieces.ToDictionary(piece => piece.Text, piece => piece.Score, StringComparer.Ordinal);
        var least = pieces.Count == 0 ? 0 : pieces.Min(piece => piece.Score);
        var chosen = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var token in characters.Select(character => new Rune(character).ToString()).Except(reserved))
        {
            chosen[token] = scores.TryGetValue(token, out var score) ? score : least -= DroppedPenalty;
        }

        var others = pieces.Where(piece => !chosen.ContainsKey(piece.Text)).ExceptBy(reserved, piece => piece.Text).OrderByDescending(piece => piece.Score).ThenBy(piece => piece.Text, StringComparer.Ordinal);
        foreach (var piece in others.Take(size - chosen.Count).ToList()) chosen[piece.Text] = piece.Score;
        return chosen.Select(piece => new UnigramPiece(piece.Key, piece.Value)).OrderByDescending(piece => piece.Score).ThenBy(piece => piece.Text, StringComparer.Ordinal);
    }

    private static int IndexOf(IReadOnlyList<string> tokens, string token) => Enumerable.Range(0, tokens.Count).First(index => tokens[index] == token);

    private static void Check(UnigramTrainerOptions options)
    {
        if (options.VocabularySize < 1) throw CoppiceException.Usage("the vocabulary size must be at least 1");
        if (options.MaxPieceLength is < 1 or > 64) throw CoppiceException.Usage("the longest piece must have between 1 and 64 characters");
        if (options.SeedSize < 1) throw CoppiceException.Usage("training must start from at least 1 substring");
        if (options.ShrinkingFactor is not (> 0 and < 1)) throw CoppiceException.Usage("the shrinking factor must be above 0 and below 1");
        if (options.Iterations < 1) throw CoppiceException.Usage("there must be at least 1 iteration");
        if (options.CharacterCoverage is not (> 0 and <= 1)) throw CoppiceException.Usage("the character coverage must be above 0 and at most 1");
        SpecialTokenChecks.Check(options.SpecialTokens);
        if (!options.SpecialTokens.Contains(UnknownToken, StringComparer.Ordinal)) throw CoppiceException.Usage($"the special tokens must have {UnknownToken} among them");
    }

    private sealed class MetaspaceWords : WordSplitter
    {
        public override char Space => UnigramTrainer.Space;

        public override IEnumerable<string> Prepare(string text) => text.Length == 0 ? [] : [Space + text.Replace(' ', Space)];

        public override void Split(ReadOnlySpan<char> text, List<TextPiece> words) => SplitBefore(Space, text, words);
    }
}
