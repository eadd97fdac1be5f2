using Coppice.Foundation;

namespace Coppice.Corpus.Scoring;

/// <summary>Texts that a step learns from, in any format that corpora are read from.</summary>
internal static class ReferenceTexts
{
    /// <summary>Reads the documents of files, as a stream.</summary>
    /// <param name="step">What messages call the step.</param>
    /// <param name="paths">The files.</param>
    /// <exception cref="CoppiceException">A file has no document.</exception>
    public static IEnumerable<Document> Read(string step, IReadOnlyList<string> paths)
    {
        foreach (var path in paths)
        {
            var report = new CorpusReport();
            var documents = 0L;
            foreach (var document in new CorpusInput(path).Read(new ReaderOptions(), report))
            {
                documents++;
                yield return document;
            }

            if (documents > 0) continue;
            var why = report.SkippedFiles.Keys.Concat(report.Problems.Keys).Concat(report.Dropped.Keys).FirstOrDefault();
            throw new CoppiceException($"{step}: there is no document in {path}{(why is null ? "" : $" ({why})")}; name files of text");
        }
    }
}
