using System.CommandLine;
using Coppice.Adapters;
using Coppice.Adapters.Directories;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice adapter convert</c>: an adapter of another kind as a plain LoRA that does the same.</summary>
internal static class AdapterConvertCommand
{
    private const string Name = "converted";

    public static Command Create()
    {
        var adapter = new Argument<string>("ADAPTER") { Description = "The adapter's directory" };
        var ancestor = new Option<string?>("--base") { Description = "The model directory that it was trained on; the one that it names where it isn't given", HelpName = "MODEL" };
        var output = CommonOptions.Output("DIR", "The adapter directory to write");
        var command = new Command("convert", "Make a plain LoRA of an adapter whose change is a product of two factors: rsLoRA, VeRA and their like") { adapter, ancestor, output, CommonOptions.Json };
        command.SetAction(parse =>
        {
            using var backend = Backends.Create(threads: 1);
            var (path, directory) = (parse.GetRequiredValue(adapter), parse.GetRequiredValue(output));
            var place = AdapterBase.Find(path, parse.GetValue(ancestor));
            using var model = ModelDirectory.Load(place, backend);
            using var set = new AdapterSet(model);
            var loaded = AdapterBase.Load(path, place, set, Name);
            var contents = Stage.Run("Converting", _ => AdapterConversion.ToLora(loaded));
            AdapterDirectory.Save(directory, contents, model, Provenance.RelativePath(directory, place));
            AdapterBase.Record(directory, place, madeOf: path);
            var hasHead = AdapterMergeDirectory.CopyHead(path, directory);
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(new { Output = directory, From = AdapterSummary.NameOf(loaded.Settings), contents.Settings.Rank, Head = hasHead });
            else Page.Facts(("from", AdapterSummary.NameOf(loaded.Settings)), ("rank", Figures.Count(contents.Settings.Rank)), ("written to", directory));
        });
        return command;
    }
}
