using System.CommandLine;
using Coppice.Adapters;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Tensors;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice adapter unmerge</c>: the base back from a merged model.</summary>
internal static class AdapterUnmergeCommand
{
    public static Command Create()
    {
        var merged = new Argument<string>("MERGED") { Description = "A model directory that 'coppice adapter merge' wrote" };
        var adapter = new Option<string?>("--adapter") { Description = "The adapter that is in it, where it is no longer where it was", HelpName = "DIR" };
        var output = CommonOptions.Output("DIR", "The model directory to write: new");
        var command = new Command("unmerge", "Take a merged adapter out again: the same bits where the base is still there, else the weights less the change")
        {
            merged, adapter, output, CommonOptions.Json,
        };
        command.SetAction(parse =>
        {
            using var backend = Backends.Create(threads: 1);
            var result = Stage.Run("Taking the adapter out", _ => AdapterMergeDirectory.Undo(parse.GetRequiredValue(merged), parse.GetValue(adapter), parse.GetRequiredValue(output), backend));
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(result);
            else Page.Facts(("result", result.Exact ? "the base, bit for bit" : "the base but for rounding: it was gone, and the change was subtracted"), ("written to", result.Output));
        });
        return command;
    }
}
