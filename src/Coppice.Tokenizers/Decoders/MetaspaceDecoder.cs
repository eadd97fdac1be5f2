using System.Text.Json;
using Coppice.Tokenizers.PreTokenizers;

namespace Coppice.Tokenizers.Decoders;

/// <summary><c>Metaspace</c>: the character that stands for a space becomes one again; in the first token it is taken out, since the space was put there.</summary>
internal sealed class MetaspaceDecoder(char replacement, PrependScheme prepend, bool split) : Decoder
{
    public override DecoderStream Start(DecoderStream next) => new Stream(next, replacement, prepend);

    public override void Write(Utf8JsonWriter writer) => MetaspacePreTokenizer.Write(writer, replacement, prepend, split);

    private sealed class Stream(DecoderStream next, char replacement, PrependScheme prepend) : DecoderStream
    {
        private bool isFirst = true;

        public override void Text(string text) =>
            next.Text(isFirst && prepend != PrependScheme.Never ? text.Replace(replacement.ToString(), "", StringComparison.Ordinal) : text.Replace(replacement, ' '));

        public override void EndToken()
        {
            isFirst = false;
            next.EndToken();
        }

        public override void Finish() => next.Finish();
    }
}
