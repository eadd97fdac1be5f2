using System.Text;

namespace Coppice.Tokenizers;

public sealed partial class Tokenizer
{
    // Any word that could stand before a token.
    private const string WordBefore = "a";

    /// <summary>The bytes that a token adds to a text behind other tokens, as UTF-8: a part of a character where the token is one.</summary>
    /// <param name="id">The token's id.</param>
    /// <returns>The bytes; null for a special token, for an id that has no token, and where a token's text depends on the tokens around it.</returns>
    public byte[]? BytesOf(int id)
    {
        if (TextOf(id, skipSpecialTokens: true) is not { } token || parts.Decoder is { DependsOnNeighbours: true }) return null;
        return parts.Decoder?.BytesOf(token) ?? Encoding.UTF8.GetBytes(Decoded(WordBefore, token)[Decoded(WordBefore).Length..]);
    }

    private string Decoded(params string[] texts)
    {
        var stream = new StreamingDecoder(place => texts[place], parts.Decoder);
        for (var place = 0; place < texts.Length; place++) stream.Push(place);
        return stream.Finish();
    }
}
