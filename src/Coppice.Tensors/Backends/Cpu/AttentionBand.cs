namespace Coppice.Tensors;

/// <summary>
/// Which of some consecutive keys which of some consecutive queries see: all of them, or a band along the diagonal. Where causal, query q sees the
/// keys k with q + Shift - Window &lt; k &lt;= q + Shift (a window of 0 has no lower bound).
/// </summary>
internal readonly record struct AttentionBand(bool Causal, int Window, int Shift, int Queries, int Keys)
{
    /// <summary>The band of a whole document; of a tree, one that has all that its queries see.</summary>
    public static unsafe AttentionBand OfDocument(in AttentionArguments a, int document)
    {
        var queries = a.QueryOffsets[document + 1] - a.QueryOffsets[document];
        var keys = a.KeyLengths[document];
        return new AttentionBand(a.Causal, a.Parents == null ? a.Window : 0, keys - queries, queries, keys);
    }

    /// <summary>Whether every query sees every key.</summary>
    public bool IsWhole => !Causal || (Shift >= Keys - 1 && (Window == 0 || Queries - 1 + Shift < Window));

    /// <summary>The part of a block, with queries and keys counted from the block's first.</summary>
    public AttentionBand Block(int firstQuery, int queries, int firstKey, int keys) => new(Causal, Window, Shift + firstQuery - firstKey, queries, keys);

    /// <summary>The keys [From, To) that at least one of the queries [first, end) sees.</summary>
    public (int From, int To) KeysOf(int first, int end)
    {
        if (!Causal) return (0, Keys);
        var to = Math.Clamp(end + Shift, 0, Keys);
        var from = Window > 0 ? Math.Clamp(first + Shift - Window + 1, 0, to) : 0;
        return (from, to);
    }

    /// <summary>The queries [From, To) that see at least one of the keys [first, end).</summary>
    public (int From, int To) QueriesOf(int first, int end)
    {
        if (!Causal) return (0, Queries);
        var to = Window > 0 ? Math.Clamp(end - 1 - Shift + Window, 0, Queries) : Queries;
        var from = Math.Clamp(first - Shift, 0, to);
        return (from, to);
    }
}
