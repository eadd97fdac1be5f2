using Coppice.Tokenizers;

namespace Coppice.Evaluation;

/// <summary>Texts as the sequences that <see cref="PackedScorer"/> takes: the begin-of-text token where the tokenizer has one, then the text's tokens.</summary>
/// <param name="tokenizer">Encodes.</param>
internal sealed class SequenceEncoder(ITokenizer tokenizer)
{
    private readonly List<int> _ids = [];

    /// <summary>The tokens of a text. The text is not trimmed, and no end-of-text token follows it.</summary>
    /// <param name="text">The text.</param>
    /// <returns>Valid until the next call.</returns>
    public ReadOnlySpan<int> Encode(string text)
    {
        _ids.Clear();
        if (tokenizer.BeginOfText is { } begin) _ids.Add(begin);
        tokenizer.Encode(text, _ids);
        return System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_ids);
    }
}
