namespace Coppice.Tokenizers.Models;

/// <summary>
/// Where a text can be cut before it is merged without changing the result: before a character that only ever begins a token that merging makes,
/// or follows itself in one, such as <c>▁</c> in Llama's vocabulary. Without this a text without pre-tokenizer would be one word as long as itself.
/// </summary>
internal sealed class MergeBoundaries
{
    // By UTF-16 unit; null where nothing merges, so that there is nothing to gain.
    private readonly bool[]? beginsToken;

    /// <summary>Finds the characters.</summary>
    public MergeBoundaries(Vocabulary vocabulary, IReadOnlyList<Merge> merges)
    {
        if (merges.Count == 0) return;
        beginsToken = new bool[0x10000];
        // Only characters of the vocabulary: unknown ones next to each other may become one token.
        foreach (var token in vocabulary.Tokens)
        {
            if (token is { Length: 1 }) beginsToken[token[0]] = true;
        }

        foreach (var merge in merges)
        {
            var token = vocabulary.Tokens[merge.Merged]!;
            for (var i = 1; i < token.Length; i++)
            {
                if (token[i] != token[i - 1]) beginsToken[token[i]] = false;
            }
        }
    }

    /// <summary>Where the first part of a text ends.</summary>
    public int EndOfPart(ReadOnlySpan<char> text)
    {
        if (beginsToken is null) return text.Length;
        for (var i = 1; i < text.Length; i++)
        {
            if (beginsToken[text[i]] && text[i - 1] != text[i]) return i;
        }

        return text.Length;
    }
}
