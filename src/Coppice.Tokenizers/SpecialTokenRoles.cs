namespace Coppice.Tokenizers;

/// <summary>Works out which tokens begin and end a document: <c>tokenizer.json</c> doesn't say, only its post-processor and custom do.</summary>
internal static class SpecialTokenRoles
{
    private const string EndOfTextToken = "<|endoftext|>";
    private static readonly string[] Begins = ["<s>", "<|begin_of_text|>", "<|startoftext|>", "<bos>", "[CLS]", EndOfTextToken];
    private static readonly string[] Ends = ["</s>", "<|end_of_text|>", EndOfTextToken, "<eos>", "[SEP]", "<|im_end|>", "<|eot_id|>"];

    /// <summary>The token that begins a document: the one that the post-processor puts first, or else the first usual name among the special tokens.</summary>
    public static int? Begin(TokenizerParts parts) => parts.PostProcessor?.FirstId ?? FirstOf(parts, Begins);

    /// <summary>The token that ends a document: the first usual name among the special tokens, or else the one that the post-processor puts last.</summary>
    public static int? End(TokenizerParts parts) => FirstOf(parts, Ends) ?? parts.PostProcessor?.LastId;

    private static int? FirstOf(TokenizerParts parts, string[] names)
    {
        foreach (var name in names)
        {
            if (parts.AddedTokens.FirstOrDefault(token => token.Special && token.Content == name) is { } added) return added.Id;
        }

        // GPT-2's own vocabulary holds the token without declaring it special.
        return parts.Model.TokenToId(EndOfTextToken);
    }
}
