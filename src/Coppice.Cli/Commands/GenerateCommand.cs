using System.CommandLine;
using Coppice.Cli.Output;
using Coppice.Inference;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice generate</c>: text from a prompt, as it comes.</summary>
internal static class GenerateCommand
{
    public static Command Create()
    {
        var defaults = new GenerationOptions();
        var directory = new Argument<string>("MODEL") { Description = "A model directory" };
        var prompt = new Option<string>("--prompt") { Description = "The text to continue", HelpName = "TEXT", DefaultValueFactory = _ => "" };
        var tokens = CommonOptions.Whole("--max-tokens", 1, int.MaxValue, defaults.MaxTokens, "The most tokens to generate");
        var temperature = CommonOptions.Number("--temperature", 0, 1000, defaults.Temperature, "Below 1 the probable becomes more probable; 0 takes the most probable token each time");
        var topK = CommonOptions.Whole("--top-k", 0, int.MaxValue, defaults.TopK, "Draw from this many most probable tokens; 0 means all");
        var topP = CommonOptions.Number("--top-p", 0, 1, defaults.TopP, "Draw from the fewest tokens that together have this probability; 1 means all");
        var stop = new Option<string[]>("--stop") { Description = "Text that ends the generation and is not printed", HelpName = "TEXT", AllowMultipleArgumentsPerToken = true };
        var seed = CommonOptions.Seed((long)defaults.Seed);
        var command = new Command("generate", "Continue a text")
        {
            directory, prompt, tokens, temperature, topK, topP, stop, seed, CommonOptions.Threads, CommonOptions.Json,
        };
        command.SetAction(parse =>
        {
            var path = parse.GetRequiredValue(directory);
            var options = new GenerationOptions
            {
                MaxTokens = parse.GetValue(tokens),
                Temperature = parse.GetValue(temperature),
                TopK = parse.GetValue(topK),
                TopP = parse.GetValue(topP),
                Seed = (ulong)parse.GetValue(seed),
                StopStrings = parse.GetValue(stop) ?? [],
            };
            using var backend = Backends.Create(parse.GetValue(CommonOptions.Threads));
            using var model = ModelDirectory.Load(path, backend);
            using var generator = new TextGenerator(model, Tokenizer.Load(path));
            var json = parse.GetValue(CommonOptions.Json);
            var result = generator.Generate(parse.GetRequiredValue(prompt), options, json ? null : Page.Piece);
            if (json) JsonOutput.Write(new GeneratedText(result.Text, result.Tokens.Count, result.Tokens, result.PromptTokens, result.FinishReason));
            else Page.EndText(result.Text);
        });
        return command;
    }

    private sealed record GeneratedText(string Text, int Tokens, IReadOnlyList<int> TokenIds, int PromptTokens, FinishReason FinishReason);
}
