using System.Text;
using System.Text.Json;

namespace Coppice.Tokenizers.Decoders;

/// <summary><c>Replace</c>: replaces every match of a pattern inside a token.</summary>
internal sealed class ReplaceDecoder(TextPattern pattern, string content) : Decoder
{
    public override DecoderStream Start(DecoderStream next) => new Stream(next, pattern, content);

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "Replace");
        pattern.Write(writer);
        writer.WriteString("content", content);
        writer.WriteEndObject();
    }

    private sealed class Stream(DecoderStream next, TextPattern pattern, string content) : WholeTokenStream(next)
    {
        protected override void Token(string token)
        {
            var replaced = new StringBuilder(token.Length);
            var position = 0;
            foreach (var match in pattern.Matches(token))
            {
                replaced.Append(token, position, match.Start - position).Append(content);
                position = match.Start + match.Length;
            }

            Emit(replaced.Append(token, position, token.Length - position).ToString());
        }
    }
}
