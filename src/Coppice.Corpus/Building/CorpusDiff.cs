using System.Text;
using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>How two corpora differ, document by document. A document is its text: what only its id or date changed is the same.</summary>
public sealed record CorpusDiff
{
    private const int ExamplesKept = 10;

    /// <summary>Documents of the first that the second has not.</summary>
    public required CorpusDifference OnlyFirst { get; init; }

    /// <summary>Documents of the second that the first has not.</summary>
    public required CorpusDifference OnlySecond { get; init; }

    /// <summary>Documents that both have.</summary>
    public required long Common { get; init; }

    /// <summary>UTF-8 bytes of their text.</summary>
    public required long CommonBytes { get; init; }

    /// <summary>Compares two corpora, those for validation included. Memory: about 40 bytes a document of the two.</summary>
    /// <param name="first">The folder of the first.</param>
    /// <param name="second">The folder of the second.</param>
    /// <param name="cancellation">Stops between two documents.</param>
    /// <exception cref="CoppiceException">One of them is no finished corpus.</exception>
    public static CorpusDiff Of(string first, string second, CancellationToken cancellation = default)
    {
        var (a, b) = (CuratedCorpus.Open(first), CuratedCorpus.Open(second));
        var (inFirst, inSecond) = (Hashes(a, cancellation), Hashes(b, cancellation));
        var (onlyFirst, onlySecond) = (new Collector(), new Collector());
        var (common, commonBytes) = (0L, 0L);
        foreach (var document in Documents(a, cancellation))
        {
            if (!inSecond.Contains(ContentHash.Of(document.Text)))
            {
                onlyFirst.Add(document);
                continue;
            }

            common++;
            commonBytes += Encoding.UTF8.GetByteCount(document.Text);
        }

        foreach (var document in Documents(b, cancellation).Where(document => !inFirst.Contains(ContentHash.Of(document.Text)))) onlySecond.Add(document);
        return new CorpusDiff { OnlyFirst = onlyFirst.Explain(second), OnlySecond = onlySecond.Explain(first), Common = common, CommonBytes = commonBytes };
    }

    private static IEnumerable<Document> Documents(CuratedCorpus corpus, CancellationToken cancellation)
    {
        foreach (var document in corpus.Train().Concat(corpus.Validation()))
        {
            cancellation.ThrowIfCancellationRequested();
            yield return document;
        }
    }

    private static HashSet<UInt128> Hashes(CuratedCorpus corpus, CancellationToken cancellation) => [.. Documents(corpus, cancellation).Select(document => ContentHash.Of(document.Text))];

    private sealed class Collector
    {
        private readonly SortedDictionary<string, CorpusSourceCount> _sources = new(StringComparer.Ordinal);
        private readonly HashSet<(string Source, string Id)> _ids = [];
        private readonly StepStatistics _examples = new() { Name = "" };

        public void Add(Document document)
        {
            var bytes = Encoding.UTF8.GetByteCount(document.Text);
            var before = _sources.GetValueOrDefault(document.Source, new CorpusSourceCount(0, 0));
            _sources[document.Source] = new CorpusSourceCount(before.Documents + 1, before.Bytes + bytes);
            _ids.Add((document.Source, document.Id));
            var order = DocumentExample.OrderOf(document);
            _examples.Drop("", bytes, order, () => DocumentExample.Of(document, order, null));
        }

        // What the other build made of these documents, where it still knows.
        public CorpusDifference Explain(string other)
        {
            var reasons = new SortedDictionary<string, long>(StringComparer.Ordinal);
            var unexplained = (long)_ids.Count;
            var isKnown = true;
            try
            {
                foreach (var story in DocumentStory.All(other, document => _ids.Contains((document.Source, document.Id))))
                {
                    unexplained--;
                    var last = story.Steps.Count == 0 ? null : story.Steps[^1];
                    var reason = story.IsKept ? "kept, with another text" : $"{last!.Step}: {last.Reason}";
                    reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
                }
            }
            catch (CoppiceException)
            {
                // A corpus that was written in another way, or whose work folder is gone: then only the difference is known and not its cause.
                isKnown = false;
            }

            if (isKnown && unexplained > 0) reasons["not among what it read"] = unexplained;
            return new CorpusDifference(
                _sources.Values.Sum(source => source.Documents), _sources.Values.Sum(source => source.Bytes), _sources, reasons, _examples.Reasons.GetValueOrDefault("")?.Examples.Take(ExamplesKept).ToList() ?? []);
        }
    }
}

/// <summary>Documents that one corpus has and another has not.</summary>
/// <param name="Documents">How many.</param>
/// <param name="Bytes">UTF-8 bytes of their text.</param>
/// <param name="Sources">They by source.</param>
/// <param name="Reasons">What became of them in the other build, where that is known.</param>
/// <param name="Examples">Some of them, chosen at random.</param>
public sealed record CorpusDifference(
    long Documents, long Bytes, IReadOnlyDictionary<string, CorpusSourceCount> Sources, IReadOnlyDictionary<string, long> Reasons, IReadOnlyList<DocumentExample> Examples);
