using System.CommandLine;
using Coppice.Adapters;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Tensors;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice adapter merge</c>: an adapter into its base, as a model of its own.</summary>
internal static class AdapterMergeCommand
{
    public static Command Create()
    {
        var ancestor = new Argument<string>("BASE") { Description = "The model directory that the adapter was trained on" };
        var adapter = new Argument<string>("ADAPTER") { Description = "The adapter's directory" };
        var output = CommonOptions.Output("DIR", "The model directory to write: new or empty");
        var command = new Command("merge", "Merge an adapter into its base: a model that needs no adapter, checked against both") { ancestor, adapter, output, CommonOptions.Threads, CommonOptions.Json };
        command.SetAction(parse =>
        {
            using var backend = Backends.Create(parse.GetValue(CommonOptions.Threads));
            var result = Stage.Run("Merging", _ => AdapterMergeDirectory.Write(parse.GetRequiredValue(ancestor), parse.GetRequiredValue(adapter), parse.GetRequiredValue(output), backend));
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(result);
            else Page.Facts(("largest difference of logits", $"{Figures.Number(result.Error)} of the largest, at most {Figures.Number(result.Tolerance)} is taken"), ("written to", result.Output));
        });
        return command;
    }
}
