using Coppice.Evaluation;

namespace Coppice.Continual.Ablation;

/// <summary>
/// Compares the models of two sides over the same documents and several seeds. Two accidents are in the difference: which documents were measured, and which initial weights and order of
/// text the models had. The interval adds both in quadrature: the 95 % interval of the mean model over documents drawn anew (<see cref="PairedComparison"/>), and that of the mean over
/// seeds by Student's t, which for three seeds is as wide as it has to be.
/// </summary>
internal static class SeedsAndDocuments
{
    // The 97.5 % quantiles of Student's t with 1, 2, ... degrees of freedom.
    private static readonly double[] StudentT =
        [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093];

    /// <summary>The most seeds.</summary>
    public static int MostSeeds => StudentT.Length + 1;

    /// <summary>Compares.</summary>
    /// <param name="text">The text's name.</param>
    /// <param name="a">[seeds, documents] of the first side.</param>
    /// <param name="b">[seeds, documents] of the second side.</param>
    public static TextOutcome Compare(string text, IReadOnlyList<IReadOnlyList<DocumentScore>> a, IReadOnlyList<IReadOnlyList<DocumentScore>> b)
    {
        var seeds = a.Zip(b, (x, y) => 100 * (y.Sum(document => document.Nats) / x.Sum(document => document.Nats) - 1)).ToList();
        var mean = PairedComparison.Of(Mean(a), Mean(b));
        double? half = mean is { Low: { } low, High: { } high } ? Math.Sqrt(Square((high - low) / 2) + Square(HalfWidth(seeds))) : null;
        return new TextOutcome(
            text, mean.Documents, mean.Bytes, mean.ParentBitsPerByte, mean.ChildBitsPerByte, mean.ChangePercent, mean.ChangePercent - half, mean.ChangePercent + half, seeds);
    }

    private static double HalfWidth(List<double> values)
    {
        if (values.Count < 2) return 0;
        var mean = values.Average();
        return StudentT[values.Count - 2] * Math.Sqrt(values.Sum(value => Square(value - mean)) / (values.Count - 1) / values.Count);
    }

    private static List<DocumentScore> Mean(IReadOnlyList<IReadOnlyList<DocumentScore>> seeds) =>
        [.. seeds[0].Select((document, i) => document with { Nats = seeds.Average(scores => scores[i].Nats) })];

    private static double Square(double value) => value * value;
}
