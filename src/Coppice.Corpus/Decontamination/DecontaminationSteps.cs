namespace Coppice.Corpus.Decontamination;

/// <summary>The steps of decontamination that recipes can name.</summary>
public static class DecontaminationSteps
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<StepDefinition> All { get; } =
    [
        StepDefinition.Of(
            "decontaminate",
            "drops documents that repeat items of evaluation sets, or cuts the passages out",
            "A benchmark whose answers were read measures memory. 13 words in a row are GPT-3's measure; items that are shorter must be there whole, from 5 words on. hits names a file for the list of what was found.",
            options => new Decontaminate(new DecontaminateOptions
            {
                Files = options.Files("files"),
                Fields = options.Texts("fields"),
                Words = options.Integer("words", 13, 2, 64),
                MinimumWords = options.Integer("min_words", 5, 1, 64),
                Mode = options.Choice("mode", DecontaminationMode.Drop),
                Margin = options.Integer("margin", 200, 0, 100_000),
                MaximumCuts = options.Integer("max_cuts", 10, 1, 1_000_000),
                HitsFile = options.Text("hits", ""),
            })),
    ];
}
