using System.CommandLine;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Models;
using Coppice.Models.Gguf;
using Coppice.Tensors;
using Coppice.Tokenizers;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice export</c>: a model as a GGUF file, for llama.cpp and what is built on it.</summary>
internal static class ExportCommand
{
    private static readonly (string Name, GgufExportType Type)[] Types =
        [("f32", GgufExportType.F32), ("f16", GgufExportType.F16), ("q8_0", GgufExportType.Q80), ("q4_0", GgufExportType.Q40), ("q4_k", GgufExportType.Q4K)];

    public static Command Create()
    {
        var directory = new Argument<string>("MODEL") { Description = "A model directory" };
        var type = CommonOptions.Choice("--type", [.. Types.Select(entry => entry.Name)], "How matrices are stored: exactly, in half precision, or in 8.5 or 4.5 bits a value");
        var output = CommonOptions.Output("FILE.gguf", "The file to write");
        var command = new Command("export", "Write a model as a GGUF file for llama.cpp") { directory, output, type, CommonOptions.Json };
        command.SetAction(parse =>
        {
            var path = parse.GetRequiredValue(directory);
            using var backend = Backends.Create(threads: 1);
            using var model = ModelDirectory.Load(path, backend);
            var tokenizer = File.Exists(Path.Combine(path, Tokenizer.FileName)) ? Tokenizer.Load(path).ToJson() : null;
            var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
            var chosen = Types.Single(entry => entry.Name == parse.GetRequiredValue(type)).Type;
            var result = Stage.Run("Exporting", _ => GgufExport.Write(model, tokenizer, name, parse.GetRequiredValue(output), chosen));
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(result);
            else Describe(result);
        });
        return command;
    }

    private static void Describe(GgufExportResult result)
    {
        Page.Table(
            ["stored as", "tensors", "values", "size", "error"],
            [.. result.Types.Select(type => new[] { type.Type, Figures.Count(type.Tensors), Figures.Count(type.Values), Figures.Bytes(type.Bytes), Figures.Percent(type.RelativeError) })]);
        Page.Line();
        Page.Facts(
            ("architecture", result.Architecture),
            ("parameters", Figures.Count(result.Parameters)),
            ("size", Figures.Bytes(result.Bytes)),
            ("written to", result.Output));
        foreach (var fallback in result.Fallbacks)
            Page.Line($"  {fallback.Tensor}: rows of {fallback.Columns} don't divide into blocks, so {Figures.Count(fallback.Count, "tensor")} stored as {fallback.Type}");
        foreach (var note in result.Notes) Page.Line($"  {note}");
    }
}
