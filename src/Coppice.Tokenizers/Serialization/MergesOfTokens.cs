using Coppice.Foundation;
using Coppice.Tokenizers.Models;

namespace Coppice.Tokenizers.Serialization;

/// <summary>
/// The merges of formats that only order their tokens (SentencePiece, tiktoken): there any two neighbours merge that make a token, the first token in
/// order first. So each way to cut a token in two tokens is a merge.
/// </summary>
internal static class MergesOfTokens
{
    // Longer tokens aren't in use, and all their cuts would take long to try.
    private const int LongestToken = 1024;

    /// <summary>Finds the merges.</summary>
    /// <param name="vocabulary">The tokens.</param>
    /// <param name="merged">The tokens that merging can make, the first to be made first.</param>
    /// <exception cref="CoppiceException">A token is too long.</exception>
    public static List<Merge> Find(Vocabulary vocabulary, IEnumerable<int> merged)
    {
        var merges = new List<Merge>();
        foreach (var id in merged)
        {
            var token = vocabulary.Tokens[id]!;
            if (token.Length > LongestToken) throw new CoppiceException($"the token {Quoted.Text(token)} is longer than {LongestToken} characters, which is not supported");
            var first = merges.Count;
            for (var cut = 1; cut < token.Length; cut++)
            {
                if (char.IsSurrogatePair(token[cut - 1], token[cut])) continue;
                if (vocabulary.IdsByText.TryGetValue(token.AsSpan(0, cut), out var left) && vocabulary.IdsByText.TryGetValue(token.AsSpan(cut), out var right)) merges.Add(new Merge(left, right, id));
            }

            merges.Sort(first, merges.Count - first, Comparer<Merge>.Create((a, b) => (a.Left, a.Right).CompareTo((b.Left, b.Right))));
        }

        return merges;
    }
}
