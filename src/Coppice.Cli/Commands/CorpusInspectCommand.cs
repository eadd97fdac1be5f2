using System.CommandLine;
using Coppice.Cli.Output;
using Coppice.Corpus;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice corpus inspect</c>: what a curated corpus holds, checked against its checksums.</summary>
internal static class CorpusInspectCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("DIR") { Description = "A folder that 'coppice corpus build' wrote" };
        var command = new Command("inspect", "Show what a curated corpus holds, and check it against its checksums") { folder, CommonOptions.Json };
        command.SetAction(parse =>
        {
            var manifest = CuratedCorpus.Open(parse.GetRequiredValue(folder)).Manifest;
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(manifest);
            else Describe(manifest);
        });
        return command;
    }

    private static void Describe(CorpusManifest manifest)
    {
        Page.Facts(
            ("training", Describe(manifest.Train)),
            ("validation", manifest.Validation is null ? "none" : Describe(manifest.Validation)),
            ("read for it", $"{Figures.Count(manifest.DocumentsRead, "document")}, {Figures.Bytes(manifest.BytesRead)}, from {Figures.Count(manifest.FilesRead, "file")}"),
            ("dropped", $"{Figures.Count(manifest.Dropped.Values.Sum(), "document")}"),
            ("fingerprint", manifest.Train.Fingerprint));
        Page.Line();
        Page.Table(
            ["source", "documents", "bytes"],
            [.. manifest.Train.Sources.Select(source => new[] { source.Key, Figures.Count(source.Value.Documents), Figures.Count(source.Value.Bytes) })]);
    }

    private static string Describe(CorpusPart part) => $"{Figures.Count(part.Documents, "document")}, {Figures.Bytes(part.Bytes)}";
}
