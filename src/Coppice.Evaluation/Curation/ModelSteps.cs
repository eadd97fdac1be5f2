using Coppice.Corpus;

namespace Coppice.Evaluation;

/// <summary>The steps of curation that ask a language model, as recipes name them.</summary>
public static class ModelSteps
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<StepDefinition> All { get; } =
    [
        StepDefinition.Of(
            "model-loss",
            "scores documents by a model's bits per byte, or by how much fewer it needs than a reference model; drops what lies outside bounds",
            "The best judge of text at hand, and the slowest: the speed of evaluation. With a reference, a smaller model that has not read the documents, it is MiniPLM's difference: low is what size helps to understand, neither noise nor trivia; "
                + "keep-share with prefer: low takes the first half, as the paper does.",
            options => new ModelLoss(new ModelLossOptions
            {
                Model = options.Folder("model"),
                Reference = options.OptionalFolder("reference"),
                Minimum = options.NumberOrOff("min", null),
                Maximum = options.NumberOrOff("max", null),
            })),
    ];
}
