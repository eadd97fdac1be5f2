using System.Runtime.InteropServices;
using Coppice.Foundation;

namespace Coppice.Inference;

/// <summary>
/// Proposes what followed the last tokens where they last stood in the prompt or the text: of use where a text copies, as an edited program or a summary
/// does. Of the places that agree with the last three tokens the latest counts, or else of those that agree with the last two.
/// </summary>
/// <remarks>Where the copied text reaches the end of the text, the copy is copied on: a text that goes round in a circle is foreseen as far as is wanted.</remarks>
[Technique("prompt-lookup", Title = "Inference with Reference: Lossless Acceleration of Large Language Models", Paper = "arXiv:2304.04487")]
public sealed class PromptLookup : IDraftSource
{
    private const int Longest = 3;
    private const int Shortest = 2;

    // In the place of tokens that a shorter sequence doesn't have.
    private const int None = -1;

    private readonly List<int> _text = [];

    // What followed a sequence of tokens when it came last.
    private readonly Dictionary<(int, int, int), int> _followers = [];

    /// <inheritdoc/>
    public void Begin(ReadOnlySpan<int> prompt, GenerationOptions options)
    {
        _text.Clear();
        _followers.Clear();
        foreach (var token in prompt) Accept(token);
    }

    /// <inheritdoc/>
    public void Accept(int token)
    {
        // Only now is it known what follows the sequences that ended the text so far; so the end of the text is never found as its own repetition.
        for (var length = Shortest; length <= Math.Min(Longest, _text.Count); length++) _followers[Ending(length)] = _text.Count;
        _text.Add(token);
    }

    /// <inheritdoc/>
    public int Propose(Span<int> draft)
    {
        for (var length = Math.Min(Longest, _text.Count); length >= Shortest; length--)
        {
            if (!_followers.TryGetValue(Ending(length), out var start)) continue;
            var rest = CollectionsMarshal.AsSpan(_text)[start..];
            for (var i = 0; i < draft.Length; i++) draft[i] = i < rest.Length ? rest[i] : draft[i - rest.Length];
            return draft.Length;
        }

        return 0;
    }

    private (int, int, int) Ending(int length) => (_text[^1], _text[^2], length == Longest ? _text[^3] : None);
}
