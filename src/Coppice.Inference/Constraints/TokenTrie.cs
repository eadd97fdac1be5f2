using System.Runtime.InteropServices;
using Coppice.Foundation;
using Coppice.Tokenizers;

namespace Coppice.Inference;

/// <summary>
/// The bytes of a vocabulary's tokens as a tree: tokens that begin alike share nodes. Nodes are numbered so that what is below a node comes right behind it, and
/// can be skipped at once where the node's byte may not come. Special tokens, those without text and those that end a text are not in it.
/// </summary>
internal sealed class TokenTrie
{
    private readonly List<byte> _bytes = [];
    private readonly List<int> _depths = [];
    private readonly List<int> _ends = [];
    private readonly List<int> _tokenStarts = [];
    private readonly List<int> _tokens = [];
    private readonly byte[][] _bytesOfToken;

    /// <summary>Makes the tree of a vocabulary.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="ends">Whether a token ends a text.</param>
    /// <exception cref="CoppiceException">The text of a token depends on its neighbours.</exception>
    public TokenTrie(Tokenizer tokenizer, Func<int, bool> ends)
    {
        VocabularySize = tokenizer.VocabularySize;
        _bytesOfToken = [.. Enumerable.Range(0, VocabularySize).Select(token => ends(token) ? [] : tokenizer.BytesOf(token) ?? [])];
        var sorted = Enumerable.Range(0, VocabularySize).Where(token => _bytesOfToken[token].Length > 0).ToArray();
        if (sorted.Length == 0) throw new CoppiceException("What this tokenizer's tokens mean depends on the tokens around them: a text can't be constrained with it.");
        Array.Sort(sorted, (a, b) => _bytesOfToken[a].AsSpan().SequenceCompareTo(_bytesOfToken[b]));
        var path = new List<int>();
        ReadOnlySpan<byte> before = [];
        foreach (var token in sorted)
        {
            ReadOnlySpan<byte> bytes = _bytesOfToken[token];
            Close(path, before.CommonPrefixLength(bytes));
            for (var depth = path.Count; depth < bytes.Length; depth++)
            {
                path.Add(_bytes.Count);
                _bytes.Add(bytes[depth]);
                _depths.Add(depth);
                _ends.Add(0);
                _tokenStarts.Add(_tokens.Count);
            }

            _tokens.Add(token);
            Deepest = Math.Max(Deepest, bytes.Length);
            before = bytes;
        }

        Close(path, 0);
        _tokenStarts.Add(_tokens.Count);
    }

    /// <summary>One more than the largest token.</summary>
    public int VocabularySize { get; }

    /// <summary>Number of nodes.</summary>
    public int Count => _bytes.Count;

    /// <summary>The most bytes of a token.</summary>
    public int Deepest { get; }

    /// <summary>A node's byte.</summary>
    /// <param name="node">The node.</param>
    public byte ByteOf(int node) => _bytes[node];

    /// <summary>How many bytes come before a node's.</summary>
    /// <param name="node">The node.</param>
    public int DepthOf(int node) => _depths[node];

    /// <summary>The first node that is not below a node.</summary>
    /// <param name="node">The node.</param>
    public int EndOf(int node) => _ends[node];

    /// <summary>The tokens that end with a node's byte.</summary>
    /// <param name="node">The node.</param>
    public ReadOnlySpan<int> TokensAt(int node) => CollectionsMarshal.AsSpan(_tokens)[_tokenStarts[node].._tokenStarts[node + 1]];

    /// <summary>The tokens that end with a node's byte or below it.</summary>
    /// <param name="node">The node.</param>
    public ReadOnlySpan<int> TokensBelow(int node) => CollectionsMarshal.AsSpan(_tokens)[_tokenStarts[node].._tokenStarts[_ends[node]]];

    /// <summary>The bytes of a token; none where it may not occur in a constrained text.</summary>
    /// <param name="token">The token.</param>
    public ReadOnlySpan<byte> BytesOf(int token) => _bytesOfToken[token];

    private void Close(List<int> path, int depth)
    {
        for (var i = depth; i < path.Count; i++) _ends[path[i]] = _bytes.Count;
        path.RemoveRange(depth, path.Count - depth);
    }
}
