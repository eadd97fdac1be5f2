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

    /// <summary>The same model with tokens that no text becomes, because they are control tokens; BPE has no way to them anyway.</summary>
    /// <param name="ids">Their ids; those outside the vocabulary don't count.</param>
    public virtual TokenModel Hiding(IEnumerable<int> ids) => this;

    /// <summary>Writes the component as <c>tokenizer.json</c> holds it.</summary>
    public abstract void Write(Utf8JsonWriter writer);

    /// <summary>What a token of a text is called: what the vocabulary has for it, or for some models the text itself.</summary>
    /// <param name="id">The token.</param>
    /// <param name="text">The normalised text that it stands for.</param>
    public virtual string NameOf(int id, ReadOnlySpan<char> text) => Tokens[id]!;

    /// <summary>Tokens without those that are hidden.</summary>
    protected static string?[] Visible(IReadOnlyList<string?> tokens, IReadOnlySet<int> hidden)
    {
        var visible = tokens.ToArray();
        foreach (var id in hidden.Where(id => id >= 0 && id < visible.Length)) visible[id] = null;
        return visible;
    }

    /// <summary>The number of characters (code points) of a text.</summary>
    protected static int CountCharacters(ReadOnlySpan<char> text)
    {
        var count = 0;
        foreach (var _ in text.EnumerateRunes()) count++;
        return count;
    }
}
