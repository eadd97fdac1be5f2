using Coppice.Foundation;

namespace Coppice.Corpus;

/// <summary>
/// Makes weights of documents count: a document of weight 3 is in a token store three times, one of 0.5 with a probability of one half. All documents come once before any
/// comes twice, so that repetitions lie far from each other.
/// </summary>
public static class WeightedDocuments
{
    /// <summary>The largest weight.</summary>
    public const double LargestWeight = 1000;

    private const ulong Stream = 0x574549474854;

    /// <summary>How often a document comes: its weight, where that is no whole number rounded up or down by chance so that the mean is the weight.</summary>
    /// <param name="document">The document.</param>
    /// <param name="seed">Decides the chance, together with the text.</param>
    /// <exception cref="CoppiceException">The weight is no number from 0 to <see cref="LargestWeight"/>.</exception>
    public static int TimesOf(Document document, ulong seed)
    {
        if (document.Weight is not (>= 0 and <= LargestWeight))
        {
            throw new CoppiceException(FormattableString.Invariant(
                $"Document '{document.Id}' of '{document.Source}' has the weight {document.Weight}; from 0 to {LargestWeight} is expected. Build its corpus with smaller weights."));
        }

        var (whole, rest) = ((int)document.Weight, document.Weight - Math.Floor(document.Weight));
        return rest > 0 && CounterRandom.Unit(CounterRandom.Bits(seed, Stream, (ulong)ContentHash.Of(document.Text))) < rest ? whole + 1 : whole;
    }

    /// <summary>The order in which documents come: all that come at all, then all that come a second time, and so on.</summary>
    /// <param name="times">How often each comes.</param>
    /// <returns>Numbers of documents.</returns>
    public static IEnumerable<int> InRounds(IReadOnlyList<int> times)
    {
        List<int> left = [.. Enumerable.Range(0, times.Count)];
        for (var round = 1; left.Count > 0; round++)
        {
            left.RemoveAll(document => times[document] < round);
            foreach (var document in left) yield return document;
        }
    }

    /// <summary>Documents in memory by their weights; see <see cref="InRounds"/>.</summary>
    /// <param name="documents">The documents.</param>
    /// <param name="seed">See <see cref="TimesOf"/>.</param>
    /// <exception cref="CoppiceException">A weight is out of range.</exception>
    public static IEnumerable<Document> Repeat(IReadOnlyList<Document> documents, ulong seed) =>
        InRounds([.. documents.Select(document => TimesOf(document, seed))]).Select(document => documents[document]);
}
