namespace Coppice.Models.Gguf;

/// <summary>What is known of tokenizers in GGUF files: keys, types of tokens, and the patterns by which llama.cpp cuts words.</summary>
internal static class GgufTokenizer
{
    public const string ModelKey = "tokenizer.ggml.model";
    public const string PatternKey = "tokenizer.ggml.pre";
    public const string TokensKey = "tokenizer.ggml.tokens";
    public const string TypesKey = "tokenizer.ggml.token_type";
    public const string ScoresKey = "tokenizer.ggml.scores";
    public const string MergesKey = "tokenizer.ggml.merges";
    public const string BeginKey = "tokenizer.ggml.bos_token_id";
    public const string EndKey = "tokenizer.ggml.eos_token_id";
    public const string UnknownKey = "tokenizer.ggml.unknown_token_id";
    public const string PaddingKey = "tokenizer.ggml.padding_token_id";
    public const string AddBeginKey = "tokenizer.ggml.add_bos_token";
    public const string AddEndKey = "tokenizer.ggml.add_eos_token";
    public const string AddSpaceKey = "tokenizer.ggml.add_space_prefix";
    public const string ChatTemplateKey = "tokenizer.chat_template";

    /// <summary>BPE over bytes.</summary>
    public const string ByteModel = "gpt2";

    /// <summary>Characters, joined by scores, with fallback to bytes.</summary>
    public const string CharacterModel = "llama";

    /// <summary>No tokenizer: tokens go in and out as numbers.</summary>
    public const string NoModel = "no_vocab";

    /// <summary>What stands for a space where characters are joined.</summary>
    public const string Space = "▁";

    public const int Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6;

    /// <summary>The pattern of GPT-2, which a <c>ByteLevel</c> pre-tokenizer has by itself.</summary>
    public const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private const string Gpt4Pattern = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string SingleDigitPattern = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>
    /// llama.cpp's names of ways to cut words: the pattern, and whether a word that is a token is taken whole even where merges don't lead to it. The first of
    /// several names is the one that is written.
    /// </summary>
    public static IReadOnlyList<(string[] Names, string Pattern, bool IgnoreMerges)> WordPatterns { get; } =
    [
        (["gpt-2"], Gpt2Pattern, false),
        (["llama-bpe", "llama3", "llama-v3"], Gpt4Pattern, true),
        (["smaug-bpe", "dbrx"], Gpt4Pattern, false),
        (["qwen2"], SingleDigitPattern, false),
    ];

    /// <summary>The token of a byte where characters fall back to bytes.</summary>
    public static string ByteToken(int value) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"<0x{value:X2}>");

    /// <summary>Cuts a token in two at every place between characters.</summary>
    public static IEnumerable<(string Left, string Right)> Splits(string token)
    {
        for (var i = 1; i < token.Length; i++)
        {
            if (!char.IsLowSurrogate(token[i])) yield return (token[..i], token[i..]);
        }
    }
}
