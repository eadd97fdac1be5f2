using System.ComponentModel.DataAnnotations;

namespace Coppice.Training.Recipes;

/// <summary>The tokenizer: an existing one, or how to train one on the data.</summary>
public sealed record TokenizerSection
{
    /// <summary>
    /// <c>byte_bpe</c> (byte-pair encoding over bytes, as in GPT-2), <c>bpe_fallback</c> (over characters, with bytes for what is rare, as in Llama),
    /// <c>unigram</c> (the most probable pieces, with bytes for what is rare, as in SentencePiece), <c>wordpiece</c> (lower-cased words in pieces, as in BERT)
    /// or <c>character</c> (one token a character).
    /// </summary>
    [AllowedValues("byte_bpe", "bpe_fallback", "unigram", "wordpiece", "character")]
    public string Type { get; init; } = "byte_bpe";

    /// <summary>How text is split before byte_bpe merges inside the pieces: gpt2's or gpt4's regular expression.</summary>
    [AllowedValues("gpt2", "gpt4")]
    public string Pattern { get; init; } = "gpt4";

    /// <summary>The number of tokens to train to; character takes as many as the text has.</summary>
    [Range(1, 10_000_000)]
    public int VocabularySize { get; init; } = 8_192;

    /// <summary>An existing <c>tokenizer.json</c>, SentencePiece model or tiktoken file to use instead of training one; empty means train.</summary>
    public string Path { get; init; } = "";

    /// <summary>How often a pair must occur to be merged.</summary>
    [Range(1, int.MaxValue)]
    public int MinFrequency { get; init; } = 2;
}
