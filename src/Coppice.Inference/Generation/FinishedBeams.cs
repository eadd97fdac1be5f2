namespace Coppice.Inference;

/// <summary>A text that has ended.</summary>
/// <param name="Text">Its tokens, without one that ended it.</param>
/// <param name="LogProbability">The natural logarithm of its probability, with the token that ended it.</param>
/// <param name="Score">By which texts compare.</param>
/// <param name="Reason">Why it ended.</param>
internal sealed record FinishedBeam(Beam Text, double LogProbability, double Score, FinishReason Reason);

/// <summary>The best of the texts that have ended, in descending order.</summary>
/// <param name="most">How many are kept.</param>
/// <param name="lengthPenalty">See <see cref="BeamOptions.LengthPenalty"/>.</param>
/// <param name="longest">The most tokens of a text.</param>
internal sealed class FinishedBeams(int most, double lengthPenalty, int longest)
{
    private readonly List<FinishedBeam> _best = [];

    /// <summary>Those that are kept.</summary>
    public IReadOnlyList<FinishedBeam> Best => _best;

    /// <summary>Keeps a text, or not.</summary>
    /// <param name="text">Its tokens, without one that ended it.</param>
    /// <param name="logProbability">Of the text with the token that ended it.</param>
    /// <param name="length">Its tokens, with that one.</param>
    /// <param name="reason">Why it ended.</param>
    public void Add(Beam text, double logProbability, int length, FinishReason reason)
    {
        var score = Score(logProbability, length);
        var place = _best.Count;
        while (place > 0 && _best[place - 1].Score < score) place--;
        _best.Insert(place, new FinishedBeam(text, logProbability, score, reason));
        if (_best.Count > most) _best.RemoveAt(most);
    }

    /// <summary>
    /// Whether nothing that an open text may become can be among the best. A log-probability only falls; what divides it is most favourable at the greatest length where
    /// the penalty is above 0, and at the next one elsewhere.
    /// </summary>
    /// <param name="open">The log-probability of the most probable open text.</param>
    /// <param name="length">Its tokens.</param>
    public bool AreDecided(double open, int length)
    {
        if (_best.Count < most) return false;
        // With one beam nothing is compared: the first end is the end.
        return most == 1 || _best[^1].Score >= Score(open, lengthPenalty > 0 ? longest : length + 1);
    }

    private double Score(double logProbability, int length) => logProbability / Math.Pow(length, lengthPenalty);
}
