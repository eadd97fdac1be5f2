using Coppice.Tokenizers.Decoders;
using Coppice.Tokenizers.Models;
using Coppice.Tokenizers.PreTokenizers;

namespace Coppice.Tokenizers.Training;

/// <summary>What a style of BPE means: how words are cut while training, and the parts of the tokenizer that comes out.</summary>
/// <param name="Split">Appends the words of a text.</param>
/// <param name="ModelOptions">The model's options.</param>
/// <param name="Parts">The parts around the model.</param>
internal sealed record BpeStyleParts(WordCounter.Splitter Split, BpeOptions ModelOptions, TokenizerParts Parts)
{
    /// <summary>The parts of a style.</summary>
    public static BpeStyleParts For(BpeStyle style) => style switch
    {
        BpeStyle.Gpt2 => Bytes(new ByteLevelPreTokenizer(addPrefixSpace: false, trimOffsets: true, useRegex: true)),
        BpeStyle.Gpt4 => Bytes(new PreTokenizerSequence(
        [
            new SplitPreTokenizer(new TextPattern(Gpt4Scanner.Pattern, isRegex: true), SplitBehavior.Isolated, invert: false),
            new ByteLevelPreTokenizer(addPrefixSpace: false, trimOffsets: true, useRegex: false),
        ])),
        _ => throw new ArgumentOutOfRangeException(nameof(style), style, "not a style of BPE"),
    };

    private static BpeStyleParts Bytes(PreTokenizer preTokenizer) => new(
        (text, words) => preTokenizer.Split(text, new TextPiece(0, text.Length), words),
        new BpeOptions { ByteLevel = true },
        new TokenizerParts
        {
            Model = null!,
            PreTokenizer = preTokenizer,
            Decoder = new ByteLevelDecoder(addPrefixSpace: true, trimOffsets: true, useRegex: true),
        });
}
