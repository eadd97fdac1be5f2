using System.Text.Json;

namespace Coppice.Tokenizers.Models;

/// <summary>Turns a word into tokens: BPE, and whatever else <c>tokenizer.json</c> may name.</summary>
internal abstract class TokenModel
{
    /// <summary>The tokens by id; null where an id has none.</summary>
    public abstract IReadOnlyList<string?> Tokens { get; }

    /// <summary>The id of a token, or null.</summary>
    public abstract int? TokenToId(string token);

    /// <summary>Appends the tokens of one word.</summary>
    /// <param name="word">The word, UTF-16; a lone surrogate stands for U+FFFD.</param>
    /// <param name="output">Where the tokens go.</param>
    public abstract void Encode(ReadOnlySpan<char> word, TokenBuffer output);

    /// <summary>Writes the component as <c>tokenizer.json</c> holds it.</summary>
    public abstract void Write(Utf8JsonWriter writer);
}
