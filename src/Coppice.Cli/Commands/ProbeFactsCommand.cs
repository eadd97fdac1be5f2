using System.CommandLine;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Evaluation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice probe facts</c>: how many facts a model knows and, beside its parent, which it has lost and won.</summary>
internal static class ProbeFactsCommand
{
    public static Command Create()
    {
        var directory = new Argument<string>("MODEL") { Description = "A model directory" };
        var file = new Option<string>("--facts") { Description = "Facts as JSON lines with 'subject', 'prompt' and 'answer'", HelpName = "FILE", Required = true };
        var against = new Option<string?>("--against") { Description = "The model directory that it was before: show what was lost and won", HelpName = "PARENT" };
        var command = new Command("facts", "Ask a model for facts: cloze prompts, their answers ranked among candidates")
        {
            directory, file, against, CommonOptions.Threads, CommonOptions.Json,
        };
        command.SetAction(parse =>
        {
            var facts = ClozeFact.Read(parse.GetRequiredValue(file));
            using var backend = Backends.Create(parse.GetValue(CommonOptions.Threads));
            var before = parse.GetValue(against) is { } parent ? Evaluate(parent, facts, backend) : null;
            var after = Evaluate(parse.GetRequiredValue(directory), facts, backend);
            var comparison = before is null ? null : FactComparison.Of(before, after);
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(new FactsResult(after.Total, after.Kinds, before?.Total, comparison));
            else Describe(after, before, comparison);
        });
        return command;
    }

    private static FactEvaluation Evaluate(string path, IReadOnlyList<ClozeFact> facts, Backend backend)
    {
        using var model = ModelDirectory.Load(path, backend);
        using var evaluator = new FactEvaluator(model, Tokenizer.Load(path));
        return Stage.Run($"Asking {path} for {Figures.Count(facts.Count, "fact")}", _ => evaluator.Evaluate(facts));
    }

    private static void Describe(FactEvaluation after, FactEvaluation? before, FactComparison? comparison)
    {
        Page.Table(
            ["facts", "known", "by chance", "greedy", "log p", "mean rank", "new > obsolete", "facts"],
            [.. after.Kinds.Select(kind => Row(kind.Key, kind.Value)), Row("all", after.Total), .. before is null ? [] : new[] { Row("all, before", before.Total) }]);
        if (comparison is null) return;
        Page.Line();
        Page.Table(
            ["changes", "kept", "lost", "gained", "never known", "p (McNemar)"],
            [.. comparison.Kinds.Select(kind => Row(kind.Key, kind.Value)), Row("all", comparison.Total)]);
        Page.Line();
        Page.Facts(("forgotten for won (FUAR)", Optional(comparison.Fuar.Ratio, Figures.Number, "none gained")));
    }

    private static string[] Row(string name, FactSummary summary) =>
    [
        name, Figures.Percent(summary.Known), Optional(summary.Chance, Figures.Percent), Figures.Percent(summary.ExactMatch), Figures.Number(summary.LogProbability),
        Optional(summary.MeanRank, Figures.Number), Optional(summary.Changed, Figures.Percent), Figures.Count(summary.Facts),
    ];

    private static string[] Row(string name, FactChanges changes) =>
    [
        name, Figures.Count(changes.Kept), Figures.Count(changes.Lost), Figures.Count(changes.Gained), Figures.Count(changes.NeverKnown), Figures.Number(changes.Flips.PValue),
    ];

    private static string Optional(double? value, Func<double, string> format, string none = "-") => value is { } number ? format(number) : none;

    /// <summary>What <c>--json</c> prints. Without a parent, <c>before</c> and <c>changes</c> are null.</summary>
    private sealed record FactsResult(FactSummary Total, IReadOnlyDictionary<string, FactSummary> Kinds, FactSummary? Before, FactComparison? Changes);
}
