namespace Coppice.Corpus.Language;

/// <summary>The steps of this folder, as recipes name them.</summary>
public static class LanguageSteps
{
    /// <summary>The steps.</summary>
    public static IReadOnlyList<StepDefinition> All { get; } =
    [
        StepDefinition.Of(
            "language",
            "tells each document's language; keeps the wanted languages where the document is clearly in them",
            "Rules on words hold for one language. Without languages it only writes the label, which other steps read. A minimum of 0.65 is FineWeb's and CCNet's is 0.5: below, texts are mixed, or short.",
            options =>
            {
                var wanted = options.Texts("languages");
                var score = options.Number("min_score", new LanguageOptions().MinimumScore, 0, 1);
                var model = options.OptionalFile("model");
                return new LanguageStep(new() { Languages = wanted, MinimumScore = score, Model = model is null ? null : LanguageIdentifier.Load(model) });
            }),
    ];
}
