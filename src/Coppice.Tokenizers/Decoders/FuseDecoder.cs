using System.Text.Json;

namespace Coppice.Tokenizers.Decoders;

/// <summary><c>Fuse</c>: all tokens become one.</summary>
internal sealed class FuseDecoder : Decoder
{
    public override DecoderStream Start(DecoderStream next) => new Stream(next);

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "Fuse");
        writer.WriteEndObject();
    }

    private sealed class Stream(DecoderStream next) : DecoderStream
    {
        public override void Text(string text) => next.Text(text);

        public override void EndToken()
        {
        }

        public override void Finish()
        {
            next.EndToken();
            next.Finish();
        }
    }
}
