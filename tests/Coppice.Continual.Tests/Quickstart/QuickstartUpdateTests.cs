using Coppice.Continual.Quickstart;
using Coppice.Continual.Recipes;
using Coppice.Testing;
using Coppice.Training.Quickstart;
using Coppice.Training.Recipes;

namespace Coppice.Continual.Tests.Quickstart;

public sealed class QuickstartUpdateTests : IDisposable
{
    private static readonly Recipe Trained = new() { Training = new TrainingSection { Steps = 700, BatchSize = 4, SequenceLength = 64, Threads = 3 } };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_update_takes_its_share_of_the_time_or_none_without_its_text()
    {
        var recipe = QuickstartUpdate.RecipeFor(Trained, _folder.At("run"), resume: false);
        var found = SdkDocumentation.TryFind(SdkDocumentation.AspNetCore) is not null;
        Assert.Equal(found, recipe is not null);
        Assert.Equal(found ? 0.3 : 0, QuickstartUpdate.TimeShare);
        if (recipe is null) return;
        Assert.Equal(200, recipe.Training.TotalSteps);
        Assert.Equal(Trained.Training.TokensPerStep, recipe.Training.TokensPerStep);
        recipe.Validate();
    }

    [Fact]
    public void An_update_that_goes_on_keeps_the_recipe_that_it_began_with()
    {
        var begun = new UpdateRecipe { Seed = 5, Parent = "parent", Training = new TrainingSection { Steps = 7, Threads = 1 } };
        _folder.Write("run/update/recipe.yaml", begun.ToYaml());
        var recipe = QuickstartUpdate.RecipeFor(Trained, _folder.At("run"), resume: true)!;
        Assert.Equal((begun with { Training = begun.Training with { Threads = 3 } }).ToYaml(), recipe.ToYaml());
    }
}
