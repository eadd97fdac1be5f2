using System.CommandLine;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Models.Gguf;
using Coppice.Tensors;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice import</c>: a GGUF file as a model directory.</summary>
internal static class ImportCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE.gguf") { Description = "A GGUF file of a GPT-2, Llama, Mistral, Qwen2, Qwen3, Phi-3, Gemma or GPT-NeoX model" };
        var output = CommonOptions.Output("DIR", "The model directory to write: new or empty");
        var command = new Command("import", "Make a model directory of a GGUF file") { file, output, CommonOptions.Json };
        command.SetAction(parse =>
        {
            using var backend = Backends.Create(threads: 1);
            var result = Stage.Run("Importing", _ => GgufImport.Read(parse.GetRequiredValue(file), parse.GetRequiredValue(output), backend));
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(result);
            else Describe(result);
        });
        return command;
    }

    private static void Describe(GgufImportResult result) => Page.Facts(
        ("architecture", result.ModelType),
        ("parameters", Figures.Count(result.Parameters)),
        ("stored as", string.Join(", ", result.Types.Select(type => $"{type.Key} ({Figures.Count(type.Value, "tensor")})"))),
        ("tokenizer", result.HasTokenizer ? "as in the file" : "none: the file has none"),
        ("written to", result.Output));
}
