using Coppice.Foundation;

namespace Coppice.Corpus.Deduplication;

/// <summary>
/// Says how often training should see a document by how many copies of it there were: the rehydration of FineWeb-2. What nobody copied and what was copied very often
/// tends to be worse than what lies between, so neither dropping all copies nor keeping them is best.
/// </summary>
/// <param name="weights">
/// The weight from each number of copies on, as (copies, weight) in ascending order; null for those that FineWeb-2 published for Italian and up to 10 repetitions.
/// <see cref="FromRemovalRates"/> finds those of another corpus.
/// </param>
[Technique("rehydration", Title = "FineWeb2: One Pipeline to Scale Them All - Adapting Pre-Training Data Processing to Every Language", Paper = "arXiv:2506.20920")]
public sealed class CopiesWeight(IReadOnlyList<(long Copies, double Weight)>? weights = null) : IDocumentStep
{
    private const int SmoothingWindow = 5;

    /// <summary>The weights that FineWeb-2 published for Italian (<c>ita_Latn</c>, up to 10 repetitions).</summary>
    public static IReadOnlyList<(long Copies, double Weight)> Italian { get; } =
    [
        (1, 1), (2, 3), (3, 4), (4, 5), (5, 6), (7, 7), (8, 8), (11, 9), (17, 10), (26, 9), (31, 8), (46, 7), (52, 6), (63, 5), (75, 4), (96, 3), (118, 2), (123, 3),
        (125, 2), (145, 1),
    ];

    private readonly IReadOnlyList<(long Copies, double Weight)> _weights = weights ?? Italian;

    /// <inheritdoc/>
    public string Name => "copies-weight";

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin() => document =>
    {
        var weight = WeightOf(document.Copies);
        return weight == document.Weight ? StepResult.Keep(document) : StepResult.Rewrite(document with { Weight = weight }, new ReasonCount("weighted by copies", 1));
    };

    /// <summary>The weight of a document.</summary>
    /// <param name="copies">How many documents it stands for.</param>
    public double WeightOf(long copies)
    {
        var weight = 1.0;
        foreach (var (from, value) in _weights)
        {
            if (copies >= from) weight = value;
        }

        return weight;
    }

    /// <summary>
    /// Finds weights as FineWeb-2 did: the share of documents that quality filters remove, by number of copies, tells how good they are. The lowest rate gets the highest
    /// weight, the overall rate and all above it get 1, those between are interpolated; then the mean over five neighbours is taken, except at the ends, and rounded.
    /// </summary>
    /// <param name="rates">The share removed, by number of copies in ascending order.</param>
    /// <param name="overall">The share removed of all documents.</param>
    /// <param name="maximum">The highest weight.</param>
    /// <returns>The weight from each number of copies on, where it changes.</returns>
    public static IReadOnlyList<(long Copies, double Weight)> FromRemovalRates(IReadOnlyList<(long Copies, double Rate)> rates, double overall, double maximum)
    {
        if (rates.Count == 0) return [];
        var lowest = rates.Min(rate => rate.Rate);
        var raw = rates.Select(rate => rate.Rate >= overall ? 1 : 1 + ((maximum - 1) * (overall - rate.Rate) / (overall - lowest))).ToArray();
        var found = new List<(long Copies, double Weight)>();
        for (var i = 0; i < raw.Length; i++)
        {
            const int Half = SmoothingWindow / 2;
            var isEnd = i < Half || i >= raw.Length - Half;
            var weight = Math.Round(isEnd ? raw[i] : raw.AsSpan(i - Half, SmoothingWindow).ToArray().Average());
            if (found.Count == 0 || found[^1].Weight != weight) found.Add((rates[i].Copies, weight));
        }

        return found;
    }
}
