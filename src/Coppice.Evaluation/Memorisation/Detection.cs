namespace Coppice.Evaluation;

/// <summary>How well a score tells members, texts that were trained on, from non-members.</summary>
/// <param name="AreaUnderCurve">Probability that a member scores higher than a non-member, ties counted half: 0.5 tells nothing.</param>
/// <param name="TruePositiveRate">The share of members found where at most 5 % of the non-members are taken for members.</param>
public sealed record Detection(double AreaUnderCurve, double TruePositiveRate)
{
    /// <summary>The share of non-members that <see cref="TruePositiveRate"/> lets pass as members.</summary>
    public const double FalsePositiveRate = 0.05;

    /// <summary>Measures a score.</summary>
    /// <param name="members">The members' scores, higher for more likely members; at least one.</param>
    /// <param name="nonMembers">The non-members' scores; at least one.</param>
    /// <exception cref="ArgumentException">There is no member or no non-member, or a score is not a number.</exception>
    public static Detection Of(IReadOnlyCollection<double> members, IReadOnlyCollection<double> nonMembers)
    {
        if (members.Count == 0 || nonMembers.Count == 0) throw new ArgumentException("There must be members and non-members.");
        if (members.Any(double.IsNaN) || nonMembers.Any(double.IsNaN)) throw new ArgumentException("A score is not a number.");
        double[] sorted = [.. nonMembers.Order()];
        var halves = 0L;
        foreach (var score in members) halves += CountBelow(sorted, score, orEqual: false) + CountBelow(sorted, score, orEqual: true);

        // The first non-member that has to be turned away is the threshold, and so is whatever equals it.
        var threshold = sorted[^(1 + (int)(FalsePositiveRate * sorted.Length))];
        return new Detection((double)halves / (2L * members.Count * sorted.Length), (double)members.Count(score => score > threshold) / members.Count);
    }

    /// <summary>The standard error of <see cref="AreaUnderCurve"/> for a score that tells nothing: what a value near 0.5 is judged by.</summary>
    /// <param name="members">Number of members.</param>
    /// <param name="nonMembers">Number of non-members.</param>
    public static double ErrorAtChance(int members, int nonMembers) => Math.Sqrt((members + nonMembers + 1.0) / (12.0 * members * nonMembers));

    private static int CountBelow(double[] sorted, double score, bool orEqual)
    {
        var (low, high) = (0, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (sorted[middle] < score || (orEqual && sorted[middle] == score)) low = middle + 1;
            else high = middle;
        }

        return low;
    }
}
