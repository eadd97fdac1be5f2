using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tokenizers;

namespace Coppice.Inference;

/// <summary>How a text begins and ends for a model with its tokenizer.</summary>
internal sealed class TextBoundaries
{
    private readonly LanguageModel _model;
    private readonly Tokenizer _tokenizer;

    /// <summary>A model and its tokenizer.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <exception cref="CoppiceException">The tokenizer has tokens that the model doesn't know.</exception>
    public TextBoundaries(LanguageModel model, Tokenizer tokenizer)
    {
        if (tokenizer.VocabularySize > model.Configuration.VocabularySize)
            throw new CoppiceException($"The tokenizer has {tokenizer.VocabularySize} tokens, the model {model.Configuration.VocabularySize}: they don't belong together.");
        (_model, _tokenizer) = (model, tokenizer);
    }

    /// <summary>
    /// The tokens of a prompt: the begin-of-text token where there is one, as documents have it in training, and the text's. An empty prompt for a
    /// tokenizer without one is the token of a newline, or, where a newline is not one token, token 0.
    /// </summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="prompt">The text; special tokens written in it are plain text.</param>
    public static int[] Begin(Tokenizer tokenizer, string prompt)
    {
        var tokens = new List<int>();
        if (tokenizer.BeginOfText is { } begin) tokens.Add(begin);
        tokenizer.Encode(prompt, tokens);
        if (tokens.Count > 0) return [.. tokens];
        tokenizer.Encode("\n", tokens);
        return tokens.Count == 1 ? [.. tokens] : [0];
    }

    /// <summary>Whether a token ends a text. A begin-of-text token does too: it opens another one.</summary>
    /// <param name="token">The token.</param>
    public bool Ends(int token) => token == _tokenizer.EndOfText || token == _tokenizer.BeginOfText || token == _model.Configuration.EndOfText;
}
