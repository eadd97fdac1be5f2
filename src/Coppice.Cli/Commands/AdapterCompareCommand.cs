using System.CommandLine;
using Coppice.Adapters;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Tensors;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice adapter compare</c>: what changed from one model for a task to another, item by item.</summary>
internal static class AdapterCompareCommand
{
    public static Command Create()
    {
        var before = new Argument<string>("BEFORE") { Description = "An adapter's directory, or a model's" };
        var after = new Argument<string>("AFTER") { Description = "Another one, for the same task" };
        var data = new Option<string>("--data") { Description = "Examples with right answers: JSON lines, CSV or CoNLL, as for training", HelpName = "FILE", Required = true };
        var pair = new Option<string?>("--pair-field") { Description = "The field with the second text, where texts are pairs and the adapter doesn't say so", HelpName = "NAME" };
        var oldBase = new Option<string?>("--before-base") { Description = "The base of BEFORE; the one that it names where it isn't given", HelpName = "MODEL" };
        var newBase = new Option<string?>("--after-base") { Description = "The base of AFTER", HelpName = "MODEL" };
        var command = new Command("compare", "Compare two models for one task item by item: what was right and is wrong now, and the other way round")
        {
            before, after, data, pair, oldBase, newBase, CommonOptions.Threads, CommonOptions.Json,
        };
        command.SetAction(parse =>
        {
            using var backend = Backends.Create(parse.GetValue(CommonOptions.Threads));
            using var interruption = new Interruption("Stopping.");
            var comparison = Stage.Run("Comparing", _ => AdapterComparison.Of(
                parse.GetRequiredValue(before), parse.GetRequiredValue(after), parse.GetRequiredValue(data), parse.GetValue(pair),
                (parse.GetValue(oldBase), parse.GetValue(newBase)), backend, interruption.Token));
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(comparison);
            else FlipsOutput.Write([new("before", comparison.Before, null), new("after", comparison.After, comparison.Flips)]);
        });
        return command;
    }
}
