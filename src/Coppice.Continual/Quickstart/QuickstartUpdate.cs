using Coppice.Continual.Recipes;
using Coppice.Training.Loop;
using Coppice.Training.Quickstart;
using Coppice.Training.Recipes;

namespace Coppice.Continual.Quickstart;

/// <summary>The quickstart's second act: the model of the base class library's documentation learns that of ASP.NET Core, and must still know the first.</summary>
public static class QuickstartUpdate
{
    /// <summary>The update in the directory of a quickstart.</summary>
    public const string Folder = "update";

    private const double ShareOfTime = 0.3;

    // A step asks the parent too, and every source is measured on the way.
    private const double StepCost = 1.5;
    private const long FewestSteps = 10;

    /// <summary>The share of a quickstart's time that its second act takes: none where this machine lacks the text.</summary>
    public static double TimeShare => SdkDocumentation.TryFind(SdkDocumentation.AspNetCore) is null ? 0 : ShareOfTime;

    /// <summary>The recipe of the update. Its length follows from that of the training, which was measured out for this machine.</summary>
    /// <param name="trained">The recipe of the first act.</param>
    /// <param name="run">The directory of the quickstart.</param>
    /// <param name="resume">Take the recipe of the update that was begun there, if there is one.</param>
    /// <returns>The recipe; null where this machine lacks the text.</returns>
    /// <exception cref="Foundation.CoppiceException">The recipe that is there can't be read.</exception>
    public static UpdateRecipe? RecipeFor(Recipe trained, string run, bool resume)
    {
        var begun = Path.Combine(run, Folder, PretrainRun.RecipeFile);
        if (resume && File.Exists(begun)) return RecipeDocument.Load<UpdateRecipe>(begun, [FormattableString.Invariant($"training.threads={trained.Training.Threads}")]).Recipe;
        if (SdkDocumentation.TryFind(SdkDocumentation.AspNetCore) is not { } documentation) return null;
        var steps = Math.Max(FewestSteps, (long)(trained.Training.TotalSteps * ShareOfTime / (1 - ShareOfTime) / StepCost));
        return new UpdateRecipe
        {
            Seed = trained.Seed,
            Parent = Path.GetFullPath(Path.Combine(run, PretrainRun.ModelFolder)),
            Data = new DataSection { Sources = [new SourceSection { Name = "aspnetcore", Paths = [documentation] }], Validation = trained.Data.Validation },
            Training = trained.Training with { Steps = steps },
            Optimizer = trained.Optimizer with { LearningRate = trained.Optimizer.LearningRate / 2 },
            // What takes longer to measure than a quick show allows is left out.
            Evaluation = new UpdateEvaluationSection
            {
                Points = 12, Memorisation = false, SampleTokens = trained.Evaluation.SampleTokens, SamplePrompts = ["System.IO.File.", "Microsoft.AspNetCore.Builder."],
            },
        };
    }
}
