using System.Text.Json;

namespace Coppice.Tokenizers.Decoders;

/// <summary><c>WordPiece</c>: a token that goes on with a word loses its prefix, any other gets a space before it, but for the first.</summary>
internal sealed class WordPieceDecoder(string prefix, bool cleanup) : Decoder
{
    public override DecoderStream Start(DecoderStream next) => new Stream(next, prefix, cleanup);

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "WordPiece");
        writer.WriteString("prefix", prefix);
        writer.WriteBoolean("cleanup", cleanup);
        writer.WriteEndObject();
    }

    private sealed class Stream(DecoderStream next, string prefix, bool cleanup) : WholeTokenStream(next)
    {
        private bool isLater;

        protected override void Token(string token)
        {
            if (isLater) token = token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
            isLater = true;
            Emit(cleanup ? EnglishCleanup.Clean(token) : token);
        }
    }
}
