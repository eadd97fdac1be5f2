using System.CommandLine;
using Coppice.Adapters;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Foundation;
using Coppice.Training.Loop;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice adapt</c>: a model does a task, by changing little of it or all.</summary>
internal static class AdaptCommand
{
    private sealed record Inputs(
        Argument<string?> Model, Option<string?> Recipe, Option<string?> Adapter, Option<string?> Task, Option<string?> Method, Option<string[]> Data, Option<string[]> Validation, Option<string> Output,
        Option<string[]> Set, Option<bool> Resume, Option<bool> Plan, Option<long> Seed);

    public static Command Create()
    {
        var inputs = new Inputs(
            new Argument<string?>("MODEL") { Description = "The model directory to adapt; left out where the recipe names it, and with --resume", Arity = ArgumentArity.ZeroOrOne },
            Text("--recipe", "FILE", "A recipe (.yaml) of sections model, task, adapter, data, training, optimizer and schedule; what it leaves out is usual for the method"),
            Text("--adapter", "DIR", "An adapter to train further, by its own recipe: its base, task, method and settings"),
            Text("--task", "NAME", $"What is learned: {string.Join(", ", AdaptTasks.All.Select(task => task.Name))}"),
            Text("--method", "NAME", $"How: full, or an adapter by {string.Join(", ", Adapters.Methods.AdapterMethods.All.Select(method => method.Name))}; auto searches one; lora where nothing is said"),
            Files("--data", "The examples, as JSON lines, .csv or .tsv (tokens: .conllu or columns)"),
            Files("--validation", "Examples to measure on; a tenth of the others where there are none"),
            CommonOptions.Output("OUT", "The folder of the run: checkpoints, metrics, report and, at the end, the adapter or the model"),
            new Option<string[]>("--set") { Description = "Set a key of the recipe, such as adapter.rank=16; may be given again", HelpName = "KEY=VALUE" },
            new Option<bool>("--resume") { Description = "Go on from the latest checkpoint of the run" },
            new Option<bool>("--plan") { Description = "Tell what will be trained and the memory it takes, and do nothing" },
            CommonOptions.Seed(new AdaptRecipe().Seed));
        var command = new Command("adapt", "Make a model do a task, by an adapter of few parameters or by training all of it")
        {
            inputs.Model, inputs.Recipe, inputs.Adapter, inputs.Task, inputs.Method, inputs.Data, inputs.Validation, inputs.Output, inputs.Set, inputs.Resume, inputs.Plan, inputs.Seed,
            CommonOptions.Quantize, CommonOptions.Threads, CommonOptions.DryRun, CommonOptions.Json,
        };
        AdaptSearch.AddTo(command);
        FewLabelOptions.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(inputs.Model) is null && result.GetValue(inputs.Recipe) is null && result.GetValue(inputs.Adapter) is null && !result.GetValue(inputs.Resume)) result.AddError("there is no model to adapt: name a model directory");
        });
        command.SetAction(parse => (int)Run(parse, inputs));
        return command;
    }

    private static ExitCode Run(ParseResult parse, Inputs inputs)
    {
        var run = parse.GetRequiredValue(inputs.Output);
        var json = parse.GetValue(CommonOptions.Json);
        using var interruption = new Interruption("Finishing the step and saving.");
        var recipe = ReadRecipe(parse, inputs, run);
        var searches = parse.GetValue(inputs.Method) == AdapterSearch.Auto;
        AdaptSearch.Check(parse, searches);
        var few = FewLabelOptions.Read(parse, recipe);
        if (parse.GetValue(CommonOptions.DryRun)) return TrainingOutput.ShowRecipe(recipe.ToYaml(), json);

        if (parse.GetValue(inputs.Plan))
        {
            AdaptOutput.Show(AdaptPlan.For(recipe), json);
            return ExitCode.Done;
        }

        SearchResult? found = null;
        var result = RunDisplay.Run(display =>
        {
            if (searches) (recipe, found) = AdaptSearch.Run(parse, recipe, display.Notice, interruption.Token);
            var request = new AdaptRequest
            {
                Recipe = recipe, Directory = run, Resume = parse.GetValue(inputs.Resume), Notice = display.Notice, Detail = parse.GetValue(CommonOptions.Verbose) ? display.Notice : _ => { },
            };
            return few is { } asked
                ? FewLabelRun.Execute(request, asked.Settings, asked.Annotation, [display], interruption.Token)
                : new AdaptRun(request, TrainingOutput.Observers(display, recipe.ToYaml(), run)).Execute(interruption.Token);
        });
        if (found is not null && !json) AdaptSearch.Show(found);
        AdaptOutput.Show(result, run, json, found is null ? null : AdaptSearch.Json(found));
        return result.Training.Interrupted ? ExitCode.Interrupted : ExitCode.Done;
    }

    /// <summary>From the least to the most particular: what is usual for the method, a recipe's file, options by name, and keys.</summary>
    private static AdaptRecipe ReadRecipe(ParseResult parse, Inputs inputs, string run)
    {
        if (parse.GetValue(inputs.Adapter) is not null && (parse.GetValue(inputs.Recipe) is not null || parse.GetValue(inputs.Method) == AdapterSearch.Auto))
            throw CoppiceException.Usage("--adapter trains an adapter further by its own recipe and method: --recipe and --method auto are for new ones");
        List<string> overrides = [.. Named(parse, inputs), .. parse.GetValue(inputs.Set) ?? []];
        var recipe = parse.GetValue(inputs.Adapter) is { } adapter ? FurtherTraining.RecipeOf(adapter, parse.GetValue(inputs.Model), overrides)
            : parse.GetValue(inputs.Recipe) is { } path ? AdaptRecipe.Load(path, overrides)
            : parse.GetValue(inputs.Model) is null ? AdaptRecipe.Load(Path.Combine(run, PretrainRun.RecipeFile), overrides)
            : AdaptRecipe.Parse("", "adapt", overrides);
        if (parse.GetValue(inputs.Data) is { Length: > 0 } data) recipe = recipe with { Data = recipe.Data with { Train = [.. data] } };
        if (parse.GetValue(inputs.Validation) is { Length: > 0 } validation) recipe = recipe with { Data = recipe.Data with { Validation = [.. validation] } };
        return recipe.Model.Path.Length > 0 ? recipe : throw CoppiceException.Usage("there is no model to adapt: name a model directory, or set model.path in the recipe");
    }

    private static IEnumerable<string> Named(ParseResult parse, Inputs inputs)
    {
        if (parse.GetValue(inputs.Model) is { } model && parse.GetValue(inputs.Adapter) is null) yield return $"model.path={model}";
        if (parse.GetValue(inputs.Task) is { } task) yield return $"task.name={task}";
        if (parse.GetValue(inputs.Method) is { } method && method != AdapterSearch.Auto) yield return $"adapter.method={method}";
        if (parse.GetResult(CommonOptions.Quantize) is { Implicit: false }) yield return $"model.quantize={parse.GetValue(CommonOptions.Quantize)}";
        if (parse.Given(inputs.Seed) is { } seed) yield return FormattableString.Invariant($"seed={seed}");
        if (parse.Given(CommonOptions.Threads) is { } threads) yield return FormattableString.Invariant($"training.threads={threads}");
    }

    private static Option<string?> Text(string name, string helpName, string description) => new(name) { Description = description, HelpName = helpName };

    private static Option<string[]> Files(string name, string description) => new(name) { Description = description, HelpName = "FILE", AllowMultipleArgumentsPerToken = true };
}
