using Coppice.Foundation;

namespace Coppice.Corpus.Quality;

/// <summary>
/// The rules of FineWeb-2: Gopher's and FineWeb's as datatrove runs them, with thresholds and stop words of the document's language. Paragraphs, characters in duplicate lines
/// and short lines are not judged, and up to 1 in 10 characters may be in repeated lines.
/// </summary>
/// <param name="thresholds">The thresholds by language.</param>
/// <param name="dropOthers">Whether documents of other languages, or of none, are dropped; else they are kept as they are.</param>
[Technique("fineweb-2", Title = "FineWeb2: One Pipeline to Scale Them All - Adapting Pre-Training Data Processing to Every Language", Paper = "arXiv:2506.20920")]
public sealed class FineWebTwo(FineWebTwoThresholds thresholds, bool dropOthers = false) : IDocumentStep
{
    private readonly Dictionary<string, IDocumentStep[]> _steps = thresholds.Languages.ToDictionary(language => language.Key, language => StepsOf(language.Value));

    /// <inheritdoc/>
    public string Name => "fineweb-2";

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin()
    {
        var rules = _steps.ToDictionary(language => language.Key, language => language.Value.Select(step => step.Begin()).ToArray());
        return document => document.Language is { } language && rules.TryGetValue(language, out var ofLanguage) ? Judge(document, ofLanguage)
            : dropOthers ? StepResult.Drop("language without thresholds")
            : StepResult.Keep(document);
    }

    private static StepResult Judge(Document document, Func<Document, StepResult>[] rules)
    {
        Measurement? nearest = null;
        foreach (var rule in rules)
        {
            var result = rule(document);
            if (result.Document is null) return result;
            if (result.Measured is { } measured && (nearest is null || measured.Distance < nearest.Value.Distance)) nearest = measured;
        }

        return StepResult.Keep(document, nearest);
    }

    private static IDocumentStep[] StepsOf(LanguageThresholds of) =>
    [
        new GopherRepetition(new GopherRepetitionOptions
        {
            MaxDuplicateParagraphs = null,
            MaxDuplicateParagraphCharacters = null,
            MaxDuplicateLineCharacters = null,
            MaxDuplicateLines = of.MaxDuplicateLines,
            MaxTopNgrams = of.MaxTopNgrams,
            MaxDuplicateNgrams = of.MaxDuplicateNgrams,
        }),
        new GopherQuality(new GopherQualityOptions
        {
            MinMeanWordLength = of.MinMeanWordLength,
            MaxMeanWordLength = of.MaxMeanWordLength,
            MinAlphabeticWords = of.MinAlphabeticWords,
            StopWords = of.StopWords,
        }),
        new FineWebQuality(new FineWebQualityOptions
        {
            MinPunctuatedLines = of.MinPunctuatedLines,
            MaxShortLines = null,
            MaxDuplicateCharacters = 0.1,
            MaxNewlinesPerWord = of.MaxNewlinesPerWord,
        }),
    ];
}
