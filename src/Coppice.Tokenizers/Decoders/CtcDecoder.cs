using System.Text.Json;

namespace Coppice.Tokenizers.Decoders;

/// <summary><c>CTC</c>: the output of connectionist temporal classification: a token that comes again at once is one, padding is left out.</summary>
internal sealed class CtcDecoder(string padToken, string wordDelimiter, bool cleanup) : Decoder
{
    public override bool DependsOnNeighbours => true;

    public override DecoderStream Start(DecoderStream next) => new Stream(next, padToken, wordDelimiter, cleanup);

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "CTC");
        writer.WriteString("pad_token", padToken);
        writer.WriteString("word_delimiter_token", wordDelimiter);
        writer.WriteBoolean("cleanup", cleanup);
        writer.WriteEndObject();
    }

    private sealed class Stream(DecoderStream next, string padToken, string wordDelimiter, bool cleanup) : WholeTokenStream(next)
    {
        private string? previous;

        protected override void Token(string token)
        {
            if (token == previous) return;
            previous = token;
            var text = Replace(token, padToken, "");
            if (cleanup) text = Replace(EnglishCleanup.Clean(text), wordDelimiter, " ");
            if (text.Length > 0) Emit(text);
        }

        private static string Replace(string text, string old, string by) => old.Length == 0 ? text : text.Replace(old, by, StringComparison.Ordinal);
    }
}
