namespace Coppice.Corpus.Deduplication;

/// <summary>Disjoint sets of documents. The root of a set is its smallest member, whatever the order in which sets were joined. 4 bytes a document.</summary>
internal sealed class UnionFind
{
    private readonly int[] _parents;

    /// <summary>Makes a set of each document.</summary>
    /// <param name="count">How many documents.</param>
    public UnionFind(int count)
    {
        _parents = new int[count];
        for (var i = 0; i < count; i++) _parents[i] = i;
    }

    /// <summary>The root of a document's set.</summary>
    /// <param name="index">The document.</param>
    public int Find(int index)
    {
        while (_parents[index] != index)
        {
            _parents[index] = _parents[_parents[index]];
            index = _parents[index];
        }

        return index;
    }

    /// <summary>Joins the sets of two documents.</summary>
    /// <param name="first">A document.</param>
    /// <param name="second">Another.</param>
    public void Join(int first, int second)
    {
        first = Find(first);
        second = Find(second);
        if (first < second) _parents[second] = first;
        else _parents[first] = second;
    }
}
