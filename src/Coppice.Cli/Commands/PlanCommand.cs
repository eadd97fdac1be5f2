using System.CommandLine;
using Coppice.Cli.Output;
using Coppice.Foundation;
using Coppice.Training.Planning;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice plan</c>: what a run will take in memory and time, before its first step.</summary>
internal static class PlanCommand
{
    public static Command Create()
    {
        var inputs = new Argument<string[]>("RECIPE|TEXT")
        {
            Description = "A recipe (.yaml), text (files, folders, patterns), or a recipe and then text in the place of the recipe's own",
            Arity = ArgumentArity.OneOrMore,
        };
        var set = new Option<string[]>("--set") { Description = "Set a key of the recipe, such as training.batch_size=8; may be given again", HelpName = "KEY=VALUE" };
        var command = new Command("plan", "Tell memory and time of a pre-training run before it begins") { inputs, set, CommonOptions.Json };
        command.SetAction((parse, cancellation) =>
        {
            var named = parse.GetRequiredValue(inputs);
            var recipe = PretrainCommand.ReadRecipe(named, parse.GetValue(set) ?? [], cancellation);
            // Text that was named here has to be there; the recipe's own may be on another machine.
            var readText = named.Length > 1 || recipe.Data.Sources.All(source => source.Paths.All(Path.Exists));
            var vocabulary = PlannedVocabulary.For(recipe, readText, cancellation);
            var plan = RunPlan.For(recipe, vocabulary.Size);
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(Json(plan, vocabulary));
            else Print(plan, vocabulary);
            return Task.FromResult((int)ExitCode.Done);
        });
        return command;
    }

    private static void Print(RunPlan plan, PlannedVocabulary vocabulary)
    {
        var memory = plan.Memory;
        Page.Facts(
            ("vocabulary", Figures.Count(vocabulary.Size) + (vocabulary.IsAssumed ? " (assumed: name the text after the recipe to have its characters counted)" : "")),
            ("parameters", Figures.Count(plan.Parameters)),
            ("weights", Mebibytes(memory.Weights)),
            ("gradients", Mebibytes(memory.Gradients)),
            ("optimizer", Mebibytes(memory.Optimizer)),
            ("activations", Mebibytes(memory.Activations)),
            ("everything else", Mebibytes(memory.Other)),
            ("total", $"{Mebibytes(memory.Total)} resident at most; {Mebibytes(memory.RunTotal)} with the data, checkpoints and display of a run"),
            ("operations", $"{Figures.Number(plan.FlopsPerToken / 1e6)} MFLOP a token"),
            ("run", $"{Figures.Count(plan.Steps, "step")}, {Figures.Count(plan.Tokens, "token")}"),
            ("speed", plan.TokensPerSecond is { } speed ? $"{Figures.Count((long)speed)} tokens/s" : "not measured: the run doesn't fit in this machine's memory"),
            ("time", plan.Hours is { } hours ? $"{Figures.Number(hours)} hours" : "not known"));
    }

    private static object Json(RunPlan plan, PlannedVocabulary vocabulary) => new
    {
        Vocabulary = vocabulary.Size,
        VocabularyAssumed = vocabulary.IsAssumed,
        plan.Parameters,
        WeightsMib = InMebibytes(plan.Memory.Weights),
        GradientsMib = InMebibytes(plan.Memory.Gradients),
        OptimizerMib = InMebibytes(plan.Memory.Optimizer),
        ActivationsMib = InMebibytes(plan.Memory.Activations),
        OtherMib = InMebibytes(plan.Memory.Other),
        TotalMib = InMebibytes(plan.Memory.Total),
        RunTotalMib = InMebibytes(plan.Memory.RunTotal),
        plan.FlopsPerToken,
        plan.Steps,
        plan.Tokens,
        plan.TokensPerSecond,
        plan.Hours,
    };

    private static double InMebibytes(long bytes) => Math.Round(bytes / 1048576.0, 2);

    private static string Mebibytes(long bytes) => $"{Figures.Number(bytes / 1048576.0)} MiB";
}
