using Coppice.Corpus;
using Coppice.Foundation;

namespace Coppice.Continual.Replay;

/// <summary>
/// A right-sized part of new text, the least surprising documents first, to be trained on for several epochs instead of everything once: the model's scores on
/// what it knew dip less at the beginning. The paper's best subset held a tenth of the tokens, for about four epochs.
/// </summary>
[Technique("stability-gap-subset", Title = "Efficient Continual Pre-training by Mitigating the Stability Gap", Paper = "arXiv:2406.14833")]
public static class QualitySubset
{
    /// <summary>Chooses documents by score, the lowest first and of equal ones the first, until they hold a share of the tokens. A function of its arguments alone.</summary>
    /// <param name="scores">[documents], as <see cref="IDocumentScorer"/> or a parent model gives them.</param>
    /// <param name="tokensPerDocument">[documents].</param>
    /// <param name="share">The share of all tokens, above 0 and at most 1; the document that reaches it is the last one taken.</param>
    /// <returns>The documents' numbers, ascending; at least one where there are any.</returns>
    /// <exception cref="CoppiceException">The share is outside its range.</exception>
    public static IReadOnlyList<int> Select(IReadOnlyList<double> scores, IReadOnlyList<long> tokensPerDocument, double share)
    {
        if (!(share > 0 && share <= 1)) throw CoppiceException.Usage(FormattableString.Invariant($"The share of the new text to keep is {share}; above 0 and at most 1 is expected"));
        if (scores.Count != tokensPerDocument.Count) throw new ArgumentException($"{scores.Count} scores of {tokensPerDocument.Count} documents.", nameof(scores));
        if (scores.Any(double.IsNaN)) throw new ArgumentException("A score is not a number.", nameof(scores));
        var budget = share * tokensPerDocument.Sum();
        var taken = 0L;
        var documents = new List<int>();
        foreach (var document in Enumerable.Range(0, scores.Count).OrderBy(document => scores[document]))
        {
            if (documents.Count > 0 && taken >= budget) break;
            documents.Add(document);
            taken += tokensPerDocument[document];
        }

        documents.Sort();
        return documents;
    }

    /// <summary>The tokens of each document of a store: what <see cref="Select"/> counts by.</summary>
    /// <param name="store">The store.</param>
    public static IReadOnlyList<long> TokensPerDocument(TokenStore store) =>
        [.. Enumerable.Range(0, store.DocumentCount).Select(document => store.DocumentStart(document + 1) - store.DocumentStart(document))];

    /// <summary>Writes the chosen documents as a store of their own. Epochs over it come from the sampler, each in another order.</summary>
    /// <param name="store">The store.</param>
    /// <param name="documents">The documents' numbers.</param>
    /// <param name="path">The file to create or replace.</param>
    /// <returns>The new store, opened.</returns>
    /// <exception cref="CoppiceException">There is no document, or the file can't be written.</exception>
    public static TokenStore Write(TokenStore store, IReadOnlyList<int> documents, string path) => TokenStoreWriter.Copy(store, documents, path);
}
