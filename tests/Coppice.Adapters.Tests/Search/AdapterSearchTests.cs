using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Testing;

namespace Coppice.Adapters.Tests;

/// <summary>A search from the first candidate to the adapter that was chosen, in its directory.</summary>
public sealed class AdapterSearchTests : IDisposable
{
    private const int MostParameters = 500;

    private readonly TemporaryFolder _folder = new();
    private readonly Backend _backend = Backends.Create(threads: 1);

    public void Dispose()
    {
        _folder.Dispose();
        _backend.Dispose();
    }

    [Fact]
    public void The_adapter_that_is_chosen_keeps_to_the_budget_and_measures_in_its_directory_what_the_search_says()
    {
        var recipe = Recipe();
        var measured = new List<SearchTrial>();
        var found = Search(recipe, _backend, measured.Add);

        // Nine for ten steps, the best three of them for thirty.
        Assert.Equal([.. Enumerable.Repeat((1, 10), 9), .. Enumerable.Repeat((2, 30), 3)], measured.Select(trial => (trial.Round, trial.Steps)));
        Assert.All(measured, trial => Assert.InRange(trial.Candidate.Parameters, 1, MostParameters));
        var best = measured.Take(9).OrderByDescending(trial => trial.Measurement.Quality).ThenBy(trial => trial.Candidate.Parameters).Take(3);
        Assert.Equal(best.Select(trial => trial.Candidate), measured.Skip(9).Select(trial => trial.Candidate));
        Assert.Equal(measured.Skip(9).Max(trial => trial.Measurement.Quality), found.Trials[0].Measurement.Quality);
        Assert.Equal(9, found.Trials.Count);

        // What a front holds is beaten by nothing that costs as little.
        foreach (var (front, cost) in new (IReadOnlyList<SearchTrial>, Func<SearchTrial, double>)[]
        {
            (found.ByParameters, trial => trial.Candidate.Parameters), (found.ByMemory, trial => trial.Measurement.Bytes), (found.ByTime, trial => trial.Measurement.Seconds / trial.Steps),
        })
        {
            Assert.All(front, trial => Assert.DoesNotContain(found.Trials, other => cost(other) <= cost(trial) && other.Measurement.Quality > trial.Measurement.Quality));
            Assert.Equal(found.Trials.Max(trial => trial.Measurement.Quality), front[^1].Measurement.Quality);
        }

        // The task is planted: with thirty steps it is learned by what is right for it.
        Assert.InRange(found.Trials[0].Measurement.Quality, 0.85, 1);
        var chosen = AdapterSearch.RecipeOf(recipe, found.Best);
        chosen = chosen with { Training = chosen.Training with { Epochs = new TaskTrainingSection().Epochs, Steps = 30 } };
        new AdaptRun(new AdaptRequest { Recipe = chosen, Directory = _folder.At("run") }).Execute(CancellationToken.None);
        using var opened = AdaptedTask.Open(_folder.At("run"), _backend);
        Assert.Equal(found.Trials[0].Measurement.Quality, opened.Evaluate([_folder.At("validation.jsonl")]).Value);
    }

    [Fact]
    public void The_same_search_with_more_threads_finds_the_same()
    {
        var recipe = Recipe();
        using var two = Backends.Create(threads: 2);
        Assert.Equal(Found(Search(recipe, _backend)), Found(Search(recipe, two)));

        static IEnumerable<(string, int, double)> Found(SearchResult result) => result.Trials.Select(trial => (trial.Candidate.Name, trial.Round, trial.Measurement.Quality));
    }

    [Fact]
    public void Without_examples_to_judge_by_nothing_is_searched()
    {
        var recipe = Recipe();
        var error = Assert.Throws<CoppiceException>(() => AdapterSearch.Read(recipe with { Data = recipe.Data with { Validation = [], ValidationShare = 0 } }));
        Assert.Contains("a search chooses by examples that are not trained on", error.Message, StringComparison.Ordinal);
    }

    private static SearchResult Search(AdaptRecipe recipe, Backend backend, Action<SearchTrial>? trial = null)
    {
        var (training, validation) = AdapterSearch.Read(recipe);
        using var @base = AdaptBase.Open(recipe.Model.Path, recipe, backend);
        return AdapterSearch.Run(@base, recipe, training, validation, new AdapterSpace { MostParameters = MostParameters, Candidates = 9, Ranks = [1, 2, 4] }, new SearchOptions { FirstSteps = 10 }, trial);
    }

    private AdaptRecipe Recipe()
    {
        var directory = Directory.Exists(_folder.At("base")) ? _folder.At("base") : TaskExamples.Directory(_folder, _backend);
        var recipe = TaskExamples.Recipe("classification", "lora", $"model.path={directory}", "training.threads=1");
        return recipe with { Data = recipe.Data with { Train = [Write("data.jsonl", 0, 24)], Validation = [Write("validation.jsonl", 100, 20)] } };
    }

    private string Write(string name, int first, int count) => _folder.Write(name, string.Concat(
        ((TaskData<LabelledText>)TaskExamples.Texts(count, first)).Items.Select(text => $$"""{"text": "{{text.Text}}", "label": "{{text.Label}}"}""" + "\n")));
}
