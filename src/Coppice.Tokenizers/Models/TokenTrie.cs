namespace Coppice.Tokenizers.Models;

/// <summary>
/// All tokens of a vocabulary that a text begins with: a trie over UTF-16 units, its edges in one flat hash table, so that its memory is in proportion to
/// the tokens' length whatever they are.
/// </summary>
internal sealed class TokenTrie
{
    /// <summary>No node, or no token.</summary>
    public const int None = -1;

    /// <summary>The node before the first unit.</summary>
    public const int Root = 0;

    private const ulong Empty = ulong.MaxValue;
    private readonly int[] firstNodes = new int[0x10000];
    private readonly List<int> tokenOfNode = [None];
    private ulong[] edges = new ulong[1 << 10];
    private int[] children = new int[1 << 10];
    private int shift = 64 - 10;
    private int edgeCount;

    /// <summary>Builds the trie.</summary>
    /// <param name="tokens">The tokens by id; null where an id has none. Of the same token twice the later id counts, the empty one is never found.</param>
    public TokenTrie(IReadOnlyList<string?> tokens)
    {
        Array.Fill(firstNodes, None);
        Array.Fill(edges, Empty);
        for (var id = 0; id < tokens.Count; id++)
        {
            if (tokens[id] is not { Length: > 0 } token) continue;
            var node = Root;
            foreach (var unit in token) node = Child(node, unit) is >= 0 and var child ? child : AddChild(node, unit);
            tokenOfNode[node] = id;
        }
    }

    /// <summary>The node after one more unit, or <see cref="None"/>.</summary>
    public int Child(int node, char unit)
    {
        if (node == Root) return firstNodes[unit];
        var edge = ((ulong)node << 16) | unit;
        for (var slot = Slot(edge); ; slot = (slot + 1) & (edges.Length - 1))
        {
            var found = edges[slot];
            if (found == edge) return children[slot];
            if (found == Empty) return None;
        }
    }

    /// <summary>The node after some units, or <see cref="None"/>.</summary>
    public int Walk(string units)
    {
        var node = Root;
        foreach (var unit in units)
        {
            node = Child(node, unit);
            if (node == None) return None;
        }

        return node;
    }

    /// <summary>The token that ends at a node, or <see cref="None"/>.</summary>
    public int TokenAt(int node) => tokenOfNode[node];

    private int AddChild(int node, char unit)
    {
        var child = tokenOfNode.Count;
        tokenOfNode.Add(None);
        if (node == Root)
        {
            firstNodes[unit] = child;
            return child;
        }

        if (2 * (edgeCount + 1) > edges.Length) Grow();
        Insert(((ulong)node << 16) | unit, child);
        edgeCount++;
        return child;
    }

    private void Insert(ulong edge, int child)
    {
        var slot = Slot(edge);
        while (edges[slot] != Empty) slot = (slot + 1) & (edges.Length - 1);
        edges[slot] = edge;
        children[slot] = child;
    }

    private void Grow()
    {
        var (oldEdges, oldChildren) = (edges, children);
        edges = new ulong[2 * oldEdges.Length];
        children = new int[edges.Length];
        shift--;
        Array.Fill(edges, Empty);
        for (var i = 0; i < oldEdges.Length; i++)
        {
            if (oldEdges[i] != Empty) Insert(oldEdges[i], oldChildren[i]);
        }
    }

    // Fibonacci hashing.
    private int Slot(ulong edge) => (int)((edge * 0x9E3779B97F4A7C15UL) >> shift);
}
