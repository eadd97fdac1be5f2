using Coppice.Tokenizers.Decoders;

namespace Coppice.Tokenizers;

/// <summary>
/// Decodes tokens as they come. It never hands out half a character, and everything that it hands out, put together, is what
/// <see cref="ITokenizer.Decode"/> gives for all the ids. Not thread-safe: one per text.
/// </summary>
public sealed class StreamingDecoder
{
    private readonly Func<int, string?> textOf;
    private readonly TextCollector collector;
    private readonly DecoderStream stream;

    internal StreamingDecoder(Func<int, string?> textOf, Decoder? decoder)
    {
        this.textOf = textOf;
        collector = new TextCollector(decoder is null ? " " : "");
        stream = decoder?.Start(collector) ?? collector;
    }

    /// <summary>Adds a token and returns the text that is now certain; often the token's own, sometimes nothing yet.</summary>
    /// <param name="id">The token.</param>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary.</exception>
    public string Add(int id)
    {
        Push(id);
        return collector.Take();
    }

    /// <summary>Returns the text that was held back. No token is added after it.</summary>
    public string Finish()
    {
        stream.Finish();
        return collector.Take();
    }

    internal void Push(int id)
    {
        if (textOf(id) is not { } token) return;
        stream.Text(token);
        stream.EndToken();
    }
}
