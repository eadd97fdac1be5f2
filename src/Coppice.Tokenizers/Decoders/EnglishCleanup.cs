namespace Coppice.Tokenizers.Decoders;

/// <summary>What <c>cleanup</c> means: spaces before English punctuation and contractions are taken out, inside one token.</summary>
internal static class EnglishCleanup
{
    private static readonly (string From, string To)[] Replacements =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"),
        (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    /// <summary>Cleans a token.</summary>
    public static string Clean(string token)
    {
        foreach (var (from, to) in Replacements) token = token.Replace(from, to, StringComparison.Ordinal);
        return token;
    }
}
