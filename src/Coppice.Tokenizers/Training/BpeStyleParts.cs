using Coppice.Tokenizers.Decoders;
using Coppice.Tokenizers.Models;
using Coppice.Tokenizers.Normalizers;
using Coppice.Tokenizers.PreTokenizers;

namespace Coppice.Tokenizers.Training;

/// <summary>What a style of BPE means: how words are cut while training, and the parts of the tokenizer that comes out.</summary>
internal abstract class BpeStyleParts : WordSplitter
{
    /// <summary>The special tokens that are usual.</summary>
    public abstract IReadOnlyList<string> SpecialTokens { get; }

    /// <summary>The parts around the model.</summary>
    public abstract TokenizerParts Parts { get; }

    /// <summary>The parts of a style.</summary>
    public static BpeStyleParts For(BpeStyle style) => style switch
    {
        BpeStyle.Gpt2 => new ByteStyle(new ByteLevelPreTokenizer(addPrefixSpace: false, trimOffsets: true, useRegex: true)),
        BpeStyle.Gpt4 => new ByteStyle(new PreTokenizerSequence(
        [
            new SplitPreTokenizer(new TextPattern(Gpt4Scanner.Pattern, isRegex: true), SplitBehavior.Isolated, invert: false),
            new ByteLevelPreTokenizer(addPrefixSpace: false, trimOffsets: true, useRegex: false),
        ])),
        BpeStyle.Llama => new LlamaStyle(),
        _ => throw new ArgumentOutOfRangeException(nameof(style), style, "not a style of BPE"),
    };

    /// <summary>The vocabulary before the first merge.</summary>
    public abstract TrainingAlphabet AlphabetOf(WordCounts counts, IReadOnlyList<string> special, BpeTrainerOptions options);

    /// <summary>The model's options.</summary>
    public abstract BpeOptions ModelOptions(IReadOnlyList<string> special);

    private sealed class ByteStyle(PreTokenizer preTokenizer) : BpeStyleParts
    {
        public override char Space => ' ';

        public override IReadOnlyList<string> SpecialTokens => ["<|endoftext|>"];

        public override TokenizerParts Parts => new()
        {
            PreTokenizer = preTokenizer,
            Decoder = new ByteLevelDecoder(addPrefixSpace: true, trimOffsets: true, useRegex: true),
        };

        public override IEnumerable<string> Prepare(string text) => [text];

        public override void Split(ReadOnlySpan<char> text, List<TextPiece> words) => preTokenizer.Split(text, new TextPiece(0, text.Length), words);

        public override TrainingAlphabet AlphabetOf(WordCounts counts, IReadOnlyList<string> special, BpeTrainerOptions options) =>
            new ByteTrainingAlphabet(counts, special, options.InitialAlphabet);

        public override BpeOptions ModelOptions(IReadOnlyList<string> special) => new() { ByteLevel = true };
    }

    // As SentencePiece: a space is written ▁, and one more goes before the text.
    private sealed class LlamaStyle : BpeStyleParts
    {
        private const string UnknownToken = "<unk>";

        public override char Space => '▁';

        public override IReadOnlyList<string> SpecialTokens => [UnknownToken, "<s>", "</s>"];

        public override TokenizerParts Parts => new()
        {
            Normalizer = new NormalizerSequence([new PrependNormalizer("▁"), new ReplaceNormalizer(new TextPattern(" ", isRegex: false), "▁")]),
            Decoder = new DecoderSequence(
            [
                new ReplaceDecoder(new TextPattern("▁", isRegex: false), " "),
                new ByteFallbackDecoder(),
                new FuseDecoder(),
                new StripDecoder(' ', start: 1, stop: 0),
            ]),
        };

        public override IEnumerable<string> Prepare(string text) => text.Length == 0 ? [] : [Space + text.Replace(' ', Space)];

        public override void Split(ReadOnlySpan<char> text, List<TextPiece> words) => SplitBefore(Space, text, words);

        public override TrainingAlphabet AlphabetOf(WordCounts counts, IReadOnlyList<string> special, BpeTrainerOptions options) =>
            new CharacterTrainingAlphabet(counts, special, options.CharacterCoverage);

        public override BpeOptions ModelOptions(IReadOnlyList<string> special) => new()
        {
            ByteFallback = true,
            FuseUnknown = true,
            UnknownToken = special.Contains(UnknownToken, StringComparer.Ordinal) ? UnknownToken : null,
        };
    }
}
