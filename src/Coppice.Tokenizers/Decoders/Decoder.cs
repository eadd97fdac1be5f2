using System.Text.Json;

namespace Coppice.Tokenizers.Decoders;

/// <summary>
/// Turns tokens back into text. Decoding is always a stream, so that what a reader sees while tokens arrive and what the whole gives can't differ.
/// </summary>
internal abstract class Decoder
{
    /// <summary>Whether a token's text depends on the tokens around it, but for the first of a text.</summary>
    public virtual bool DependsOnNeighbours => false;

    /// <summary>The bytes that a token stands for, where that may be a part of a character; null where it stands for text.</summary>
    /// <param name="token">The token.</param>
    public virtual byte[]? BytesOf(string token) => null;

    /// <summary>Starts a stream that hands its result on.</summary>
    /// <param name="next">What receives the text.</param>
    public abstract DecoderStream Start(DecoderStream next);

    /// <summary>Writes the component as <c>tokenizer.json</c> holds it.</summary>
    public abstract void Write(Utf8JsonWriter writer);
}

/// <summary>One step of decoding: receives the text of tokens piece by piece. A token is any number of <see cref="Text"/> and one <see cref="EndToken"/>.</summary>
internal abstract class DecoderStream
{
    /// <summary>Receives a part of the current token.</summary>
    public abstract void Text(string text);

    /// <summary>The current token is complete.</summary>
    public abstract void EndToken();

    /// <summary>There are no more tokens: hands on what was held back.</summary>
    public abstract void Finish();
}

/// <summary>A step that needs a token whole.</summary>
/// <param name="next">What receives the text.</param>
internal abstract class WholeTokenStream(DecoderStream next) : DecoderStream
{
    private readonly System.Text.StringBuilder current = new();

    protected DecoderStream Next => next;

    public sealed override void Text(string text) => current.Append(text);

    public sealed override void EndToken()
    {
        var token = current.ToString();
        current.Clear();
        Token(token);
    }

    public override void Finish() => next.Finish();

    /// <summary>Receives a whole token.</summary>
    protected abstract void Token(string token);

    /// <summary>Hands a whole token on.</summary>
    protected void Emit(string token)
    {
        next.Text(token);
        next.EndToken();
    }
}
