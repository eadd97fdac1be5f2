using System.Text.Json;

namespace Coppice.Tokenizers.Decoders;

/// <summary><c>Strip</c>: takes up to so many of one character off the start and the end of each token.</summary>
internal sealed class StripDecoder(char content, int start, int stop) : Decoder
{
    public override DecoderStream Start(DecoderStream next) => new Stream(next, content, start, stop);

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "Strip");
        writer.WriteString("content", content.ToString());
        writer.WriteNumber("start", start);
        writer.WriteNumber("stop", stop);
        writer.WriteEndObject();
    }

    private sealed class Stream(DecoderStream next, char content, int start, int stop) : DecoderStream
    {
        private int stripped;
        private int heldBack;

        public override void Text(string text)
        {
            var rest = text.AsSpan();
            while (stripped < start && rest.Length > 0)
            {
                var strips = rest[0] == content;
                stripped = strips ? stripped + 1 : start;
                if (strips) rest = rest[1..];
            }

            // The last few may be the end of the token, which only EndToken tells.
            var body = rest.TrimEnd(content);
            var tail = rest.Length - body.Length;
            if (body.Length > 0)
            {
                EmitHeldBack(heldBack);
                next.Text(body.ToString());
            }

            heldBack += tail;
            if (heldBack > stop) EmitHeldBack(heldBack - stop);
        }

        public override void EndToken()
        {
            EmitHeldBack(Math.Max(0, heldBack - stop));
            heldBack = 0;
            stripped = 0;
            next.EndToken();
        }

        public override void Finish() => next.Finish();

        private void EmitHeldBack(int count)
        {
            if (count > 0) next.Text(new string(content, count));
            heldBack -= count;
        }
    }
}
