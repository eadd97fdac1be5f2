using Coppice.Corpus;
using Coppice.Corpus.Mixing;
using Coppice.Foundation;
using Coppice.Training.Recipes;

namespace Coppice.Training.Data;

/// <summary>The mixture that a recipe describes.</summary>
public static class RecipeMixture
{
    /// <summary>Whether the recipe says no more of its mixture than the sources' weights.</summary>
    /// <param name="data">The recipe's section.</param>
    public static bool IsFixed(DataSection data) =>
        data.Mixture == new MixtureSection() && data.Sources.All(source => source.MaxEpochs == 0 && source.MaxTokens == 0);

    /// <summary>What a run takes of its sources.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="tokens">The training tokens of each source, in the order of the recipe.</param>
    /// <exception cref="CoppiceException">The recipe's limits leave less text than the run takes (exit code 2).</exception>
    public static MixturePlan Plan(Recipe recipe, IReadOnlyList<long> tokens)
    {
        var (data, training) = (recipe.Data, recipe.Training);
        var tooShort = tokens.ToList().FindIndex(count => count < 2);
        if (tooShort >= 0) throw new CoppiceException($"{data.Sources[tooShort].GetName()}: the source has less than two tokens, so there is no next one to predict. Give it more text.");
        PlannedSource[] sources = [.. data.Sources.Select((source, i) => new PlannedSource(source.GetName(), tokens[i], EpochShape.Of(tokens[i], training.SequenceLength))
        {
            Weight = source.Weight,
            MaximumEpochs = NoLimitIfZero(source.MaxEpochs > 0 ? source.MaxEpochs : data.Mixture.MaxEpochs),
            MaximumTokens = NoLimitIfZero(source.MaxTokens),
        })];
        // A stage begins with a step.
        var stages = data.Mixture.Stages.Select(stage => new MixtureStage((long)Math.Round(stage.From * training.TotalSteps) * training.BatchSize, Weights(sources, stage)));
        return MixturePlan.Make(sources, [.. stages], NoLimitIfZero(data.Mixture.Temperature), training.TotalSteps * training.BatchSize);
    }

    /// <summary>The mixture of a run over prepared data; null for the sources' weights alone.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="sources">Its sources, prepared.</param>
    /// <exception cref="CoppiceException">The recipe's limits leave less text than the run takes (exit code 2).</exception>
    public static IMixture? Create(Recipe recipe, IReadOnlyList<PreparedSource> sources) =>
        IsFixed(recipe.Data) ? null : Plan(recipe, [.. sources.Select(source => source.Train.TokenCount)]).Mixture;

    private static double[] Weights(PlannedSource[] sources, StageSection stage) =>
        [.. sources.Select(source => stage.Weights.FirstOrDefault(weight => weight.Source == source.Name)?.Weight ?? source.Weight)];

    private static double NoLimitIfZero(double value) => value > 0 ? value : double.PositiveInfinity;
}
