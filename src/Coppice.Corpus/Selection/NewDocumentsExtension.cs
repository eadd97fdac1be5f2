namespace Coppice.Corpus.Selection;

/// <summary>Going over what a step can decide on.</summary>
internal static class NewDocumentsExtension
{
    /// <summary>The documents that are not of an earlier corpus: what was selected once is no measure of the raw text.</summary>
    public static IEnumerable<SketchedDocument> NewDocuments(this ISketchedCorpus corpus, CancellationToken cancellation)
    {
        foreach (var document in corpus.Documents)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!document.IsEarlier) yield return document;
        }
    }
}
