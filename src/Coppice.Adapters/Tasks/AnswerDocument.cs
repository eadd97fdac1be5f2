namespace Coppice.Adapters;

/// <summary>Documents of which a model learns to predict parts: the answers, and not what they answer.</summary>
internal static class AnswerDocument
{
    /// <summary>A prompt with its answer. Where it is too long, the prompt loses its beginning.</summary>
    /// <param name="begin">The token before the prompt, or null.</param>
    /// <param name="prompt">The prompt's tokens.</param>
    /// <param name="answer">The answer's, with the token that ends it.</param>
    /// <param name="maxTokens">The most tokens of the document.</param>
    /// <param name="shortened">Whether the prompt was shortened.</param>
    /// <returns>The document; null where the whole answer and a token before it don't fit.</returns>
    /// <remarks>Prompt and answer are encoded apart, so that the prompt is the same tokens as in generation.</remarks>
    public static TaskDocument? Of(int? begin, List<int> prompt, List<int> answer, int maxTokens, out bool shortened)
    {
        // The last token is predicted and not read.
        var room = maxTokens + 1 - answer.Count - (begin is null ? 0 : 1);
        var kept = Math.Min(room, prompt.Count);
        shortened = kept < prompt.Count;
        if (room < 0 || (kept == 0 && (shortened || begin is null))) return null;
        var sequence = new List<int>();
        if (begin is { } first) sequence.Add(first);
        sequence.AddRange(prompt.GetRange(prompt.Count - kept, kept));
        var start = sequence.Count;
        sequence.AddRange(answer);
        return OfSpans([.. sequence], [(start, sequence.Count)]);
    }

    /// <summary>A sequence of which parts are predicted.</summary>
    /// <param name="sequence">The tokens; the last one is predicted and not read.</param>
    /// <param name="spans">The parts, each from a token up to but without another; none begins at 0.</param>
    public static TaskDocument OfSpans(int[] sequence, IEnumerable<(int Start, int End)> spans)
    {
        var weights = new float[sequence.Length - 1];
        foreach (var (start, end) in spans) weights.AsSpan(start - 1, end - start).Fill(1);
        return new TaskDocument(sequence[..^1], sequence[1..], weights);
    }
}
