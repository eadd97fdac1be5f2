using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>Searches the adapter for a task: <c>method auto</c>.</summary>
public static class AdapterSearch
{
    /// <summary>The name that stands for a search in place of a method.</summary>
    public const string Auto = "auto";

    /// <summary>Reads a recipe's examples: those to train on, and those to judge by, without which nothing can be chosen.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <exception cref="CoppiceException">A file can't be read, or there is nothing to judge by.</exception>
    public static (TaskData Training, TaskData Validation) Read(AdaptRecipe recipe)
    {
        var (training, validation) = TaskFiles.Read(recipe);
        return (training, validation ?? throw CoppiceException.Usage("a search chooses by examples that are not trained on: name some by --validation, or leave data.validation_share above 0"));
    }

    /// <summary>Searches. Each candidate is trained by the recipe, with the learning rate that is usual for its method unless the recipe has another than that of its own.</summary>
    /// <param name="base">The frozen base.</param>
    /// <param name="recipe">The recipe; its adapter and the length of its training are those of the candidates in turn.</param>
    /// <param name="training">Examples to train on.</param>
    /// <param name="validation">Examples to judge by.</param>
    /// <param name="space">What is chosen from.</param>
    /// <param name="options">How time is spent.</param>
    /// <param name="trial">Told of each measurement. Null for nobody.</param>
    /// <param name="cancellationToken">Ends it between two candidates.</param>
    /// <exception cref="CoppiceException">The recipe can't be trained, or nothing fits into the budget.</exception>
    public static SearchResult Run(
        AdaptBase @base, AdaptRecipe recipe, TaskData training, TaskData validation, AdapterSpace space, SearchOptions options, Action<SearchTrial>? trial = null,
        CancellationToken cancellationToken = default)
    {
        return SuccessiveHalving.Run(space.Draw(@base.Model, (ulong)recipe.Seed), options, Measure, trial, cancellationToken);

        SearchMeasurement Measure(AdapterCandidate candidate, int steps)
        {
            var own = RecipeOf(recipe, candidate);
            own = own with { Training = own.Training with { Steps = steps, Epochs = new TaskTrainingSection().Epochs, EvaluateEvery = 0, Patience = 0 } };
            var bytes = AdaptPlan.For(@base, own, training, validation).Memory.Total;
            using var adaptation = Adaptation.Prepare(@base, own, training, validation);
            try
            {
                var result = adaptation.Train(cancellation: cancellationToken);
                cancellationToken.ThrowIfCancellationRequested();
                var metrics = result.Validation!;
                return new SearchMeasurement(metrics.HigherIsBetter ? metrics.Value : -metrics.Value, bytes, result.Seconds);
            }
            catch (CoppiceException error) when (error.ExitCode == ExitCode.Failed)
            {
                // Its loss is no number any more: no candidate, and no reason to end the search.
                return new SearchMeasurement(double.NaN, bytes, 0);
            }
        }
    }

    /// <summary>The recipe of a candidate's training.</summary>
    /// <param name="recipe">The recipe of the search.</param>
    /// <param name="candidate">The candidate.</param>
    public static AdaptRecipe RecipeOf(AdaptRecipe recipe, AdapterCandidate candidate)
    {
        var (before, usual) = (AdaptRecipe.For(recipe.Adapter.Method), AdaptRecipe.For(candidate.Section.Method));
        return recipe with
        {
            Adapter = candidate.Section,
            Optimizer = recipe.Optimizer.LearningRate == before.Optimizer.LearningRate ? recipe.Optimizer with { LearningRate = usual.Optimizer.LearningRate } : recipe.Optimizer,
            Training = recipe.Training.HeadRateFactor == before.Training.HeadRateFactor ? recipe.Training with { HeadRateFactor = usual.Training.HeadRateFactor } : recipe.Training,
        };
    }
}
