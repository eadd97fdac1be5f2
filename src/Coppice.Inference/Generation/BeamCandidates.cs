namespace Coppice.Inference;

/// <summary>A text with a token more.</summary>
/// <param name="Text">The number of the text.</param>
/// <param name="Token">The token.</param>
/// <param name="LogProbability">The natural logarithm of the probability of both together.</param>
internal readonly record struct BeamCandidate(int Text, int Token, double LogProbability);

/// <summary>The most probable of many candidates, in descending order; of equally probable ones the first that came.</summary>
/// <param name="most">How many are kept.</param>
internal sealed class BeamCandidates(int most)
{
    private readonly List<BeamCandidate> _best = [];

    /// <summary>Those that are kept.</summary>
    public IReadOnlyList<BeamCandidate> Best => _best;

    /// <summary>Begins anew.</summary>
    public void Clear() => _best.Clear();

    /// <summary>Keeps a candidate, or not.</summary>
    /// <param name="candidate">The candidate.</param>
    public void Add(BeamCandidate candidate)
    {
        if (_best.Count == most)
        {
            if (candidate.LogProbability <= _best[^1].LogProbability) return;
            _best.RemoveAt(most - 1);
        }

        var place = _best.Count;
        while (place > 0 && _best[place - 1].LogProbability < candidate.LogProbability) place--;
        _best.Insert(place, candidate);
    }
}
