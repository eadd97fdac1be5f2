using System.CommandLine;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Corpus.Mixing;
using Coppice.Foundation;
using Coppice.Training.Planning;
using Coppice.Training.Recipes;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice corpus plan</c>: what a run will take of each source, before it begins.</summary>
internal static class CorpusPlanCommand
{
    public static Command Create()
    {
        var inputs = new Argument<string[]>("RECIPE|TEXT")
        {
            Description = "A recipe for pretrain (.yaml), or a recipe and then text in the place of the recipe's own",
            Arity = ArgumentArity.OneOrMore,
        };
        var set = new Option<string[]>("--set") { Description = "Set a key of the recipe, such as data.mixture.temperature=2; may be given again", HelpName = "KEY=VALUE" };
        var command = new Command("plan", "Tell tokens, share and epochs of every source of a pre-training run, stage by stage") { inputs, set, CommonOptions.Json };
        command.SetAction((parse, cancellation) =>
        {
            var recipe = PretrainCommand.ReadRecipe(parse.GetRequiredValue(inputs), parse.GetValue(set) ?? [], cancellation);
            recipe.Validate();
            var plan = Stage.Run("Reading", show => CorpusPlan.For(recipe, source => show(() => source), cancellation));
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(CorpusPlanResult.Of(plan, recipe));
            else Print(CorpusPlanResult.Of(plan, recipe));
            return Task.FromResult((int)ExitCode.Done);
        });
        return command;
    }

    private static void Print(CorpusPlanResult plan)
    {
        foreach (var stage in plan.Stages)
        {
            if (plan.Stages.Count > 1) Page.Line($"  steps {Figures.Count(stage.FromStep)} to {Figures.Count(stage.ToStep)}");
            Table(stage.Sources, plan.Stages.Count > 1 ? "epochs in it" : "epochs");
            Page.Line();
        }

        if (plan.Stages.Count > 1)
        {
            Page.Line("  the whole run");
            Table(plan.Total, "epochs");
            Page.Line();
        }

        if (plan.TokensEstimated) Page.Line("  tokens are estimated from samples of the text");
        foreach (var source in plan.Total.Where(source => source.Epochs > CorpusPlan.HarmlessEpochs))
            Page.Line($"  {source.Name} is gone through {Figures.Number(source.Epochs)} times: beyond {Figures.Number(CorpusPlan.HarmlessEpochs)} repetition costs; data.mixture.max_epochs limits it");
    }

    private static void Table(IReadOnlyList<PlannedSourceResult> sources, string epochs) => Page.Table(
        ["source", "tokens of text", "share", "tokens", epochs],
        [
            .. sources.Select(source => new[] { source.Name, Figures.Count(source.TextTokens), Figures.Percent(source.Share), Figures.Count(source.Tokens), Figures.Number(source.Epochs) }),
            ["all", Figures.Count(sources.Sum(source => source.TextTokens)), Figures.Percent(1), Figures.Count(sources.Sum(source => source.Tokens)), ""],
        ]);
}

/// <summary>What <c>coppice corpus plan</c> prints.</summary>
internal sealed record CorpusPlanResult(bool TokensEstimated, IReadOnlyList<PlannedStageResult> Stages, IReadOnlyList<PlannedSourceResult> Total)
{
    /// <summary>The result of a plan.</summary>
    public static CorpusPlanResult Of(CorpusPlan corpus, Recipe recipe)
    {
        var (plan, perStep) = (corpus.Mixture, recipe.Training.BatchSize);
        var stages = plan.Stages.Select(stage => new PlannedStageResult(stage.From / perStep + 1, stage.To / perStep, Sources(plan, [stage]))).ToList();
        return new CorpusPlanResult(corpus.IsEstimated, stages, Sources(plan, plan.Stages));
    }

    private static List<PlannedSourceResult> Sources(MixturePlan plan, IReadOnlyList<PlannedStage> stages)
    {
        var sequences = (double)stages.Sum(stage => stage.To - stage.From);
        return [.. plan.Sources.Select((source, i) => new PlannedSourceResult(
            source.Name, source.Tokens, stages.Sum(stage => stage.Sequences[i]) / sequences, (long)Math.Round(stages.Sum(stage => plan.Tokens(stage, i))), stages.Sum(stage => plan.Epochs(stage, i))))];
    }
}

/// <summary>A stage of the plan.</summary>
internal sealed record PlannedStageResult(long FromStep, long ToStep, IReadOnlyList<PlannedSourceResult> Sources);

/// <summary>What is taken of a source: its share of the sequences, tokens, and how often it is gone through.</summary>
internal sealed record PlannedSourceResult(string Name, long TextTokens, double Share, long Tokens, double Epochs);
