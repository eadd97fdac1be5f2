namespace Coppice.Corpus.Extraction;

/// <summary>The steps of extraction, for recipes.</summary>
public static class ExtractionSteps
{
    /// <summary>Every step.</summary>
    public static IReadOnlyList<StepDefinition> All { get; } =
    [
        StepDefinition.Of(
            "extract",
            "makes HTML pages the plain text of their main content, with title, date and address",
            "Menus, teasers and notices stand on every page of a site and would be the commonest sentences of the corpus. The limits bound what one page can cost in time and memory.",
            options =>
            {
                var limits = new HtmlLimits();
                return new ExtractHtml(
                    new HtmlLimits
                    {
                        MaximumCharacters = options.Integer("max_characters", limits.MaximumCharacters, 1000, 100_000_000),
                        MaximumDepth = options.Integer("max_depth", limits.MaximumDepth, 10, 1000),
                        MaximumTags = options.Integer("max_tags", limits.MaximumTags, 100, 5_000_000),
                    },
                    options.Integer("min_characters", 1, 1));
            }),
    ];
}
