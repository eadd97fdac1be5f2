using System.CommandLine;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Gguf;
using Coppice.Models.Onnx;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Tokenizers.ChatTemplates;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice export</c>: a model as a GGUF file, for llama.cpp and what is built on it, or an encoder as an ONNX file.</summary>
internal static class ExportCommand
{
    private static readonly (string Name, GgufExportType Type)[] Types =
        [("f32", GgufExportType.F32), ("f16", GgufExportType.F16), ("q8_0", GgufExportType.Q80), ("q4_0", GgufExportType.Q40), ("q4_1", GgufExportType.Q41), ("q4_k", GgufExportType.Q4K)];

    public static Command Create()
    {
        var directory = new Argument<string>("MODEL") { Description = "A model directory" };
        var type = CommonOptions.Choice("--type", [.. Types.Select(entry => entry.Name)], "How matrices are stored: exactly, in half precision, or in 8.5, 5 or 4.5 bits a value");
        var output = CommonOptions.Output("FILE", "The file to write: .gguf for llama.cpp, or .onnx, which holds an encoder");
        var features = new Option<bool>("--features") { Description = "Of an encoder: hidden states in place of what its head makes of them" };
        var command = new Command("export", "Write a model as a GGUF file for llama.cpp, or an encoder as an ONNX file") { directory, output, type, features, CommonOptions.Json };
        command.SetAction(parse =>
        {
            var path = parse.GetRequiredValue(directory);
            using var backend = Backends.Create(threads: 1);
            using var model = ModelDirectory.Load(path, backend);
            if (parse.GetRequiredValue(output).EndsWith(".onnx", StringComparison.OrdinalIgnoreCase))
            {
                if (parse.GetRequiredValue(type) != Types[0].Name) throw CoppiceException.Usage("--type: an ONNX file holds float32 numbers; leave it out");
                var onnx = Stage.Run("Exporting", _ => OnnxExport.Write(model, parse.GetRequiredValue(output), parse.GetValue(features)));
                if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(onnx);
                else Page.Facts(("architecture", onnx.Architecture), ("gives", onnx.Gives), ("parameters", Figures.Count(onnx.Parameters)), ("size", Figures.Bytes(onnx.Bytes)), ("written to", onnx.Output));
                return;
            }

            if (parse.GetValue(features)) throw CoppiceException.Usage("--features is for encoders and files that end in .onnx");
            var tokenizer = File.Exists(Path.Combine(path, Tokenizer.FileName)) ? Tokenizer.Load(path).ToJson() : null;
            var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
            var chosen = Types.Single(entry => entry.Name == parse.GetRequiredValue(type)).Type;
            var result = Stage.Run("Exporting", _ => GgufExport.Write(model, tokenizer, name, parse.GetRequiredValue(output), chosen, ChatTemplate.SourceOf(path)));
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
