using Coppice.Foundation;
using Coppice.Tokenizers;

namespace Coppice.Adapters;

/// <summary>Texts between the tokens that stand around documents in training: <c>begin text end</c>, and a second text behind it <c>… text end</c>.</summary>
/// <param name="tokenizer">Encodes.</param>
internal sealed class TextFrame(ITokenizer tokenizer)
{
    /// <summary>The tokens of a text alone.</summary>
    public List<int> Encode(string text)
    {
        var ids = new List<int>();
        tokenizer.Encode(text, ids);
        return ids;
    }

    /// <summary>A text, or two, with the tokens around them. Where that is too long, the longer text loses its end.</summary>
    /// <param name="text">The text.</param>
    /// <param name="pair">The second text, or null.</param>
    /// <param name="maxTokens">The most tokens.</param>
    /// <param name="where">Where the texts stand, for the message.</param>
    /// <returns>The tokens, and whether a text was shortened.</returns>
    /// <exception cref="CoppiceException">There is no token at all.</exception>
    public (int[] Tokens, bool Shortened) Around(string text, string? pair, int maxTokens, string where)
    {
        var (first, second) = (Encode(text), pair is null ? [] : Encode(pair));
        var around = (tokenizer.BeginOfText is null ? 0 : 1) + (tokenizer.EndOfText is null ? 0 : pair is null ? 1 : 2);
        var excess = first.Count + second.Count + around - maxTokens;
        for (var left = Math.Min(excess, first.Count + second.Count); left > 0; left--)
        {
            var longer = first.Count >= second.Count ? first : second;
            longer.RemoveAt(longer.Count - 1);
        }

        var tokens = new List<int>();
        if (tokenizer.BeginOfText is { } begin) tokens.Add(begin);
        tokens.AddRange(first);
        if (tokenizer.EndOfText is { } end) tokens.Add(end);
        if (pair is not null)
        {
            tokens.AddRange(second);
            if (tokenizer.EndOfText is { } last) tokens.Add(last);
        }

        if (tokens.Count == 0) throw new CoppiceException($"{where}: the tokenizer makes no token of the text");
        if (tokens.Count > maxTokens) throw CoppiceException.Usage(FormattableString.Invariant($"{maxTokens} tokens are too few for a document: the tokens around a text are {around}"));
        return ([.. tokens], excess > 0);
    }
}
