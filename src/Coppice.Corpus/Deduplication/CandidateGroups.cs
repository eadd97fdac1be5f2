namespace Coppice.Corpus.Deduplication;

/// <summary>Joins the clusters of candidates that are confirmed to be duplicates.</summary>
/// <remarks>
/// All pairs of a group that shares a band would be quadratic. Each member is compared with the leaders of its group instead: the first member, and those that were no
/// duplicates of a leader before them. The order is that of the sorted keys, so that the result depends on nothing else.
/// </remarks>
/// <param name="pairs">Confirms.</param>
/// <param name="clusters">Takes the result.</param>
/// <param name="decisions">Told of all candidates.</param>
internal sealed class CandidateGroups(PairJudge pairs, UnionFind clusters, IDecisions decisions)
{
    private const int MaximumLeaders = 16;

    private readonly List<int> _leaders = [];

    /// <summary>Goes through all candidates.</summary>
    /// <param name="bands">The documents' bands in ascending order.</param>
    /// <param name="cancellation">Stops.</param>
    public void Join(IEnumerable<BandKey> bands, CancellationToken cancellation)
    {
        ulong? key = null;
        foreach (var entry in bands)
        {
            if (entry.Key == key)
            {
                decisions.Link(_leaders[0], entry.Document);
                JoinWithLeaders(entry.Document);
                continue;
            }

            cancellation.ThrowIfCancellationRequested();
            key = entry.Key;
            _leaders.Clear();
            _leaders.Add(entry.Document);
        }
    }

    private void JoinWithLeaders(int document)
    {
        var root = clusters.Find(document);
        foreach (var leader in _leaders)
        {
            if (clusters.Find(leader) == root) return;
        }

        foreach (var leader in _leaders)
        {
            if (!pairs.AreDuplicates(leader, document)) continue;
            clusters.Join(leader, document);
            return;
        }

        if (_leaders.Count < MaximumLeaders) _leaders.Add(document);
    }
}
