namespace Coppice.Tensors;

/// <summary>Which keys the queries of a document see that are a tree: the query n stands where the key Prefix + n does.</summary>
internal unsafe struct AttentionTree
{
    private fixed ulong _seen[AttentionLayout.MostTreeQueries];

    /// <summary>Finds out.</summary>
    /// <param name="a">The arguments, with parents.</param>
    /// <param name="document">Which document.</param>
    public AttentionTree(in AttentionArguments a, int document)
    {
        var first = a.QueryOffsets[document];
        var queries = a.QueryOffsets[document + 1] - first;
        if (queries > AttentionLayout.MostTreeQueries) throw new ArgumentException($"A tree of {queries} queries; at most {AttentionLayout.MostTreeQueries} are possible.");
        (Prefix, Window) = (a.KeyLengths[document] - queries, a.Window);
        for (var query = 0; query < queries; query++)
        {
            var parent = a.Parents[first + query];
            _seen[query] = (1UL << query) | (parent < 0 ? 0 : _seen[parent]);
        }
    }

    /// <summary>The keys before those of the queries.</summary>
    public int Prefix { get; }

    /// <summary>0, or how many latest tokens are seen.</summary>
    public int Window { get; }

    /// <summary>The first key before those of the queries that a query sees.</summary>
    /// <param name="query">The query.</param>
    public readonly int FirstOf(int query) => Window == 0 ? 0 : Math.Clamp(Prefix + Depth(query) - Window + 1, 0, Prefix);

    /// <summary>Whether a query sees the key of a query.</summary>
    /// <param name="query">The query that sees.</param>
    /// <param name="other">The one whose key it is.</param>
    public readonly bool Sees(int query, int other) => (_seen[query] >> other & 1) != 0 && (Window == 0 || Depth(query) - Depth(other) < Window);

    private readonly int Depth(int query) => System.Numerics.BitOperations.PopCount(_seen[query]) - 1;
}
