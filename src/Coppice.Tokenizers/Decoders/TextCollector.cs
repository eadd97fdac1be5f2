using System.Text;

namespace Coppice.Tokenizers.Decoders;

/// <summary>The end of every chain of decoders: collects the text.</summary>
/// <param name="separator">What goes between tokens: nothing after a decoder, a space where a tokenizer has none.</param>
internal sealed class TextCollector(string separator) : DecoderStream
{
    private readonly StringBuilder collected = new();
    private bool betweenTokens;

    /// <summary>Takes the text collected since the last call.</summary>
    public string Take()
    {
        var text = collected.ToString();
        collected.Clear();
        return text;
    }

    public override void Text(string text)
    {
        if (betweenTokens) collected.Append(separator);
        betweenTokens = false;
        collected.Append(text);
    }

    public override void EndToken() => betweenTokens = true;

    public override void Finish()
    {
    }
}
