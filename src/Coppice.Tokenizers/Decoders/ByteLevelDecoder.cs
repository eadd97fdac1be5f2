using System.Text;
using System.Text.Json;

namespace Coppice.Tokenizers.Decoders;

/// <summary><c>ByteLevel</c>: tokens in GPT-2's alphabet become bytes and those text; bytes that are no valid UTF-8 become U+FFFD.</summary>
internal sealed class ByteLevelDecoder(bool addPrefixSpace, bool trimOffsets, bool useRegex) : Decoder
{
    // A token with a character outside the alphabet (an added token) is its own text.
    public override byte[] BytesOf(string token) => ByteAlphabet.ToBytes(token) ?? Encoding.UTF8.GetBytes(token);

    public override DecoderStream Start(DecoderStream next) => new Stream(next, this);

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "ByteLevel");
        writer.WriteBoolean("add_prefix_space", addPrefixSpace);
        writer.WriteBoolean("trim_offsets", trimOffsets);
        writer.WriteBoolean("use_regex", useRegex);
        writer.WriteEndObject();
    }

    private sealed class Stream(DecoderStream next, ByteLevelDecoder decoder) : WholeTokenStream(next)
    {
        private readonly System.Text.Decoder utf8 = Encoding.UTF8.GetDecoder();

        public override void Finish()
        {
            Decode([], flush: true);
            Next.EndToken();
            base.Finish();
        }

        protected override void Token(string token) => Decode(decoder.BytesOf(token), flush: false);

        private void Decode(byte[] bytes, bool flush)
        {
            var chars = new char[utf8.GetCharCount(bytes, flush)];
            var count = utf8.GetChars(bytes, chars, flush);
            if (count > 0) Next.Text(new string(chars, 0, count));
        }
    }
}
