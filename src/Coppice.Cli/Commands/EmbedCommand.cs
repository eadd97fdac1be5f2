using System.CommandLine;
using System.Globalization;
using Coppice.Cli.Output;
using Coppice.Foundation;
using Coppice.Inference;
using Coppice.Tensors;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice embed</c>: a vector for each line of text.</summary>
internal static class EmbedCommand
{
    public static Command Create()
    {
        var directory = new Argument<string>("MODEL") { Description = "A model directory, best of an encoder, or a GGUF file" };
        var file = new Argument<string>("FILE") { Description = "Texts, one a line; - for stdin" };
        var normalize = new Option<bool>("--normalize") { Description = "Bring vectors to the length 1" };
        var adapter = new AdapterOption();
        var command = new Command("embed", "Turn each line of a file into a vector, the mean of its tokens' hidden states") { directory, file, normalize, CommonOptions.Quantize, CommonOptions.Threads, CommonOptions.Json };
        adapter.AddTo(command);
        command.SetAction(parse =>
        {
            var (path, source) = (parse.GetRequiredValue(directory), parse.GetRequiredValue(file));
            var text = source == "-" ? TextInput.FromStandardInput("there is no text: pipe some in, or name a file") : TextInput.FromFile(source);
            if (text.Length == 0) throw new CoppiceException($"{source}: there is no text");
            // A line that ends is one line, and not an empty one behind it.
            string[] lines = [.. (text.EndsWith('\n') ? text[..^1] : text).Split('\n').Select(line => line.TrimEnd('\r'))];
            using var backend = Backends.Create(parse.GetValue(CommonOptions.Threads));
            using var opened = InferenceModel.Load(path, backend, CommonOptions.ReadQuantize(parse));
            using var adapters = AdapterOption.Activate(adapter.Read(parse), path, opened.Model);
            using var embedder = new TextEmbedder(opened.Model, opened.Tokenizer, parse.GetValue(normalize));
            var vectors = embedder.Embed(lines);
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(new Embeddings(embedder.Dimensions, [.. lines.Zip(vectors, (line, vector) => new TextEmbedding(line, vector))]));
            else foreach (var vector in vectors) Page.Line(string.Join(' ', vector.Select(value => value.ToString("R", CultureInfo.InvariantCulture))));
        });
        return command;
    }

    private sealed record Embeddings(int Dimensions, IReadOnlyList<TextEmbedding> Texts);

    private sealed record TextEmbedding(string Text, IReadOnlyList<float> Embedding);
}
