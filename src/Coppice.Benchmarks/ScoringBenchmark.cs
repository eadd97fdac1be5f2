using Coppice.Corpus;
using Coppice.Corpus.Language;
using Coppice.Corpus.Scoring;

namespace Coppice.Benchmarks;

/// <summary>The rows of <see cref="CorpusBenchmark"/> for what judges text by a model. Models are trained beforehand, on half of the documents, and are not measured.</summary>
internal static class ScoringBenchmark
{
    private const int LeastDocuments = 4 * TextClassifierTrainer.LeastTexts;

    /// <summary>The rows.</summary>
    /// <param name="documents">The text; where there are too few documents to train on, only the language is measured.</param>
    public static IEnumerable<(string Name, Func<IReadOnlyList<IDocumentStep>> Steps)> Rows(IReadOnlyList<Document> documents)
    {
        yield return ("language of documents", () => [new LanguageStep()]);
        yield return ("language, 100 characters at a time", () => [new Pieces()]);
        if (documents.Count < LeastDocuments) yield break;
        var half = documents.Where((_, i) => i % 2 == 0).Select(document => document.Text).ToList();
        var trainer = new TextClassifierTrainer();
        for (var i = 0; i < half.Count; i++) trainer.Add(i % 2 == 0, half[i]);
        var (classifier, model) = (trainer.Train(), TextNgramModel.Train(half));
        yield return ("classifier", () => [new ClassifierStep(classifier, minimumScore: null)]);
        yield return ("n-gram perplexity", () => [new PerplexityStep(model)]);
    }

    private sealed class Pieces : IDocumentStep
    {
        public string Name => "pieces";

        public Func<Document, StepResult> Begin() => document =>
        {
            for (var start = 0; start < document.Text.Length; start += 100) LanguageIdentifier.Default.Identify(document.Text.AsSpan(start, Math.Min(100, document.Text.Length - start)));
            return StepResult.Keep(document);
        };
    }
}
