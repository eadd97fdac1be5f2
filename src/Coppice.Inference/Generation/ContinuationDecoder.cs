using Coppice.Tokenizers;

namespace Coppice.Inference;

/// <summary>
/// Decodes what follows a prompt. A token's text may depend on what stands before it (a tokenizer in the style of Llama drops the first space of
/// a text), so the prompt's tokens are decoded too and its text is left out.
/// </summary>
internal sealed class ContinuationDecoder
{
    private readonly StreamingDecoder _decoder;
    private int _promptLeft;

    /// <summary>A decoder that has read the prompt.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="prompt">The prompt's tokens.</param>
    public ContinuationDecoder(Tokenizer tokenizer, ReadOnlySpan<int> prompt)
    {
        _decoder = tokenizer.CreateStreamingDecoder();
        // The last bytes of the prompt may be held back until it is known that no byte of the same character follows.
        _promptLeft = tokenizer.Decode(prompt).Length;
        foreach (var token in prompt) _promptLeft -= _decoder.Add(token).Length;
    }

    /// <summary>Adds a token and returns the text that is now certain.</summary>
    /// <param name="token">The token.</param>
    public string Add(int token) => WithoutPrompt(_decoder.Add(token));

    /// <summary>Returns what was held back: no token comes after it.</summary>
    public string Finish() => WithoutPrompt(_decoder.Finish());

    private string WithoutPrompt(string text)
    {
        var left = Math.Min(_promptLeft, text.Length);
        _promptLeft -= left;
        return text[left..];
    }
}
