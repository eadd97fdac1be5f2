namespace Coppice.Corpus;

/// <summary>One number for each document of a store, by which documents are chosen: the lower, the rather a document is kept.</summary>
public interface IDocumentScorer
{
    /// <summary>Scores the documents of a store. A score is a function of the store's content: it doesn't depend on threads.</summary>
    /// <param name="store">The documents.</param>
    /// <param name="cancellation">Stops between two documents.</param>
    /// <returns>[documents]; positive infinity for a document without text.</returns>
    double[] Score(TokenStore store, CancellationToken cancellation = default);
}
