using System.CommandLine;
using Coppice.Adapters;
using Coppice.Cli.Output;
using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice adapt --method auto</c>: searches the adapter before it is trained.</summary>
internal static class AdaptSearch
{
    private static readonly Option<long> Budget = new("--budget") { Description = "With --method auto: the most trained parameters of an adapter; 0 for any number", DefaultValueFactory = _ => 0, HelpName = "N" };

    private static readonly Option<int> Candidates = new("--candidates")
    {
        Description = "With --method auto: adapters that are tried", DefaultValueFactory = _ => new AdapterSpace().Candidates, HelpName = "N",
    };

    private static readonly Option<int> Steps = new("--search-steps")
    {
        Description = "With --method auto: steps of each try; the best third goes on with three times as many", DefaultValueFactory = _ => new SearchOptions().FirstSteps, HelpName = "N",
    };

    private static readonly Option<string[]> Methods = new("--methods") { Description = "With --method auto: the methods to choose from", HelpName = "NAME", AllowMultipleArgumentsPerToken = true };

    /// <summary>Adds the options.</summary>
    public static void AddTo(Command command)
    {
        foreach (var option in new Option[] { Budget, Candidates, Steps, Methods }) command.Options.Add(option);
    }

    /// <summary>Refuses the options of a search where there is none.</summary>
    public static void Check(ParseResult parse, bool isAsked)
    {
        foreach (var option in new Option[] { Budget, Candidates, Steps, Methods }) parse.RequireFor(option, $"--method {AdapterSearch.Auto}", isAsked);
    }

    /// <summary>Searches; the recipe of the best adapter.</summary>
    public static (AdaptRecipe Recipe, SearchResult Found) Run(ParseResult parse, AdaptRecipe recipe, Action<string> notice, CancellationToken cancellation)
    {
        var (training, validation) = AdapterSearch.Read(recipe);
        using var backend = Backends.Create(recipe.Training.Threads);
        using var opened = AdaptBase.Open(recipe.Model.Path, recipe, backend);
        var space = new AdapterSpace { MostParameters = parse.GetValue(Budget), Candidates = parse.GetValue(Candidates), Methods = parse.GetValue(Methods) ?? [] };
        var found = AdapterSearch.Run(
            opened, recipe, training, validation, space, new SearchOptions { FirstSteps = parse.GetValue(Steps) },
            trial => notice($"{trial.Steps} steps of {trial.Candidate.Name}: {Figures.Number(trial.Measurement.Quality)}"), cancellation);
        notice($"chosen: {found.Best.Name}");
        return (AdapterSearch.RecipeOf(recipe, found.Best), found);
    }

    /// <summary>What <c>--json</c> has of a search.</summary>
    public static object Json(SearchResult found) => new
    {
        Best = found.Best.Name, Trials = found.Trials.Select(Json), ByParameters = found.ByParameters.Select(Json), ByMemory = found.ByMemory.Select(Json), ByTime = found.ByTime.Select(Json),
    };

    /// <summary>Every adapter that was tried, and on which fronts it is.</summary>
    public static void Show(SearchResult found)
    {
        Page.Table(
            ["adapter", "quality", "steps", "parameters", "memory", "ms/step", "not beaten in"],
            [.. found.Trials.Select(trial => (string[])
            [
                trial.Candidate.Name, Figures.Number(trial.Measurement.Quality), Figures.Count(trial.Steps), Figures.Count(trial.Candidate.Parameters),
                $"{Figures.Number(trial.Measurement.Bytes / 1048576.0)} MiB", Figures.Number(1000 * trial.Measurement.Seconds / trial.Steps),
                string.Join(", ", new[] { ("parameters", found.ByParameters), ("memory", found.ByMemory), ("time", found.ByTime) }.Where(front => front.Item2.Contains(trial)).Select(front => front.Item1)),
            ])]);
        Page.Line();
    }

    private static object Json(SearchTrial trial) => new
    {
        Adapter = trial.Candidate.Name, Method = trial.Candidate.Section.Method, trial.Candidate.Section.Rank, Layers = trial.Candidate.Section.Layers.ToArray(),
        Targets = trial.Candidate.Section.Targets.ToArray(), Quality = double.IsFinite(trial.Measurement.Quality) ? trial.Measurement.Quality : (double?)null, trial.Round, trial.Steps,
        trial.Candidate.Parameters, trial.Measurement.Bytes, SecondsPerStep = trial.Measurement.Seconds / trial.Steps,
    };
}
