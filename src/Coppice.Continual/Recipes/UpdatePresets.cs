using Coppice.Foundation;

namespace Coppice.Continual.Recipes;

/// <summary>Recipes that are asked for by name.</summary>
public static class UpdatePresets
{
    /// <summary>All of the new text, as often as the recipe says.</summary>
    public const string Plain = "plain";

    private const string Stability = "stability";
    private const double SubsetShare = 0.5;

    /// <summary>
    /// Changes a recipe by a preset. <c>stability</c> narrows the gap that opens in old ability at the start of an update: several epochs over a part of the new text
    /// of the right size, the best part by a document score, and a mixture that stays close to the old one.
    /// </summary>
    /// <param name="name">The preset's name.</param>
    /// <param name="recipe">What it begins from.</param>
    /// <exception cref="CoppiceException">There is no such preset (exit code 2).</exception>
    [Technique("stability-preset", Title = "Efficient Continual Pre-training by Mitigating the Stability Gap", Paper = "arXiv:2406.14833")]
    public static UpdateRecipe Apply(string name, UpdateRecipe recipe) => name switch
    {
        Plain => recipe,
        Stability => recipe with
        {
            // As long as without the preset: what a short update unlearns it has no time to learn again.
            Epochs = recipe.Epochs / SubsetShare,
            Subset = recipe.Subset with { Share = SubsetShare },
            Replay = recipe.Replay with { Share = 0.5 },
            Start = recipe.Start with { WarmupShare = 0.1 },
        },
        _ => throw CoppiceException.Usage($"there is no preset '{name}'{NearestName.Hint(name, [Plain, Stability])} (there are {Plain} and {Stability})"),
    };
}
