using System.Text.Json;

namespace Coppice.Tokenizers.Decoders;

/// <summary><c>BPEDecoder</c>: the suffix of tokens that end a word becomes a space, in the last token nothing.</summary>
internal sealed class BpeDecoder(string suffix) : Decoder
{
    public override bool DependsOnNeighbours => true;

    public override DecoderStream Start(DecoderStream next) => new Stream(next, suffix);

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "BPEDecoder");
        writer.WriteString("suffix", suffix);
        writer.WriteEndObject();
    }

    private sealed class Stream(DecoderStream next, string suffix) : WholeTokenStream(next)
    {
        private string? heldBack;

        public override void Finish()
        {
            if (heldBack is not null) Emit(Replace(heldBack, ""));
            base.Finish();
        }

        // Only the next token tells that this wasn't the last.
        protected override void Token(string token)
        {
            if (heldBack is not null) Emit(Replace(heldBack, " "));
            heldBack = token;
        }

        private string Replace(string token, string by) => suffix.Length == 0 ? token : token.Replace(suffix, by, StringComparison.Ordinal);
    }
}
