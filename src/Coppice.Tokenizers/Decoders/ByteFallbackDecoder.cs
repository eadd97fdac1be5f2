using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Coppice.Tokenizers.Decoders;

/// <summary>
/// <c>ByteFallback</c>: a run of tokens such as <c>&lt;0xE4&gt;</c> becomes the text of its bytes, or, where they are no valid UTF-8, one U+FFFD for each.
/// A stream holds a run back until it ends, because its last byte decides about the first.
/// </summary>
internal sealed class ByteFallbackDecoder : Decoder
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public override byte[]? BytesOf(string token) =>
        token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>' &&
        byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? [value]
            : null;

    public override DecoderStream Start(DecoderStream next) => new Stream(next, this);

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "ByteFallback");
        writer.WriteEndObject();
    }

    private sealed class Stream(DecoderStream next, ByteFallbackDecoder decoder) : WholeTokenStream(next)
    {
        private readonly List<byte> run = [];

        public override void Finish()
        {
            EndRun();
            base.Finish();
        }

        protected override void Token(string token)
        {
            if (decoder.BytesOf(token) is [var value])
            {
                run.Add(value);
                return;
            }

            EndRun();
            Emit(token);
        }

        private void EndRun()
        {
            if (run.Count == 0) return;
            try
            {
                Emit(Strict.GetString(run.ToArray()));
            }
            catch (DecoderFallbackException)
            {
                for (var i = 0; i < run.Count; i++) Emit("\uFFFD");
            }

            run.Clear();
        }
    }
}
