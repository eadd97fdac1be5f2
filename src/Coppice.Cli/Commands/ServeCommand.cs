using System.CommandLine;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Foundation;
using Coppice.Inference;
using Coppice.Server;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice serve</c>: models over HTTP, until Ctrl+C.</summary>
internal static class ServeCommand
{
    // What is running at Ctrl+C may go on for so long; a second Ctrl+C ends it at once.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static Command Create()
    {
        var models = new Argument<string[]>("MODEL") { Description = "Model directories, directories of runs, or GGUF files", Arity = ArgumentArity.OneOrMore };
        var adapters = new Option<string[]>("--adapter") { Description = "An adapter on the model, and the name that requests have in place of the model's; as often as there are adapters", HelpName = "NAME=DIR" };
        var host = new Option<string>("--host") { Description = "The address to listen on; 127.0.0.1 is this machine alone, 0.0.0.0 all its networks", HelpName = "ADDRESS", DefaultValueFactory = _ => "127.0.0.1" };
        var port = CommonOptions.Whole("--port", 0, 65535, 8080, "The port; 0 for any that is free");
        var keys = new Option<string>("--api-keys") { Description = "A file with a key a line, one of which requests must carry", HelpName = "FILE" };
        var watch = new Option<string>("--watch") { Description = "A folder of runs: an update of a served model that appears in it is served from then on", HelpName = "FOLDER" };
        var body = CommonOptions.Whole("--max-body", 1, 1 << 20, 4096, "The most KiB of a request");
        var tokens = CommonOptions.Whole("--max-tokens", 1, int.MaxValue, 4096, "The most tokens that a request may ask for");
        var context = CommonOptions.Whole("--max-context", 1, int.MaxValue, 4096, "The most tokens of a prompt and its continuation; the model's own limit where that is lower");
        var queue = CommonOptions.Whole("--max-queue", 1, 1 << 20, 256, "The most requests that wait; more are refused with 429");
        var batch = CommonOptions.Whole("--max-batch", 1, 4096, 64, "The most texts that are continued at a time");
        var cache = CommonOptions.Whole("--cache", 1, 1 << 20, 1024, "MiB for the keys and values of those texts; with too few, fewer texts at a time");
        var timeout = CommonOptions.Whole("--timeout", 1, 1 << 20, 600, "The most seconds of a request");
        var command = new Command("serve", "Serve models over HTTP, as OpenAI's interface has it")
        {
            models, adapters, host, port, keys, watch, body, tokens, context, queue, batch, cache, timeout, CommonOptions.Quantize, CommonOptions.Threads,
        };
        command.SetAction(async (parse, _) =>
        {
            var options = new ServerOptions
            {
                Models = parse.GetRequiredValue(models),
                Adapters = [.. (parse.GetValue(adapters) ?? []).Select(ReadAdapter)],
                Host = parse.GetRequiredValue(host),
                Port = parse.GetValue(port),
                ApiKeyFile = parse.GetValue(keys),
                WatchedFolder = parse.GetValue(watch),
                MaxBodyBytes = parse.GetValue(body) * 1024L,
                MaxTokens = parse.GetValue(tokens),
                Timeout = TimeSpan.FromSeconds(parse.GetValue(timeout)),
                Threads = parse.GetValue(CommonOptions.Threads),
                Quantization = CommonOptions.ReadQuantize(parse),
                Engine = new EngineOptions { ContextTokens = parse.GetValue(context), MaxQueue = parse.GetValue(queue), MaxSequences = parse.GetValue(batch), CacheBytes = parse.GetValue(cache) * 1024L * 1024 },
                Notice = Terminal.WriteLine,
            };
            using var interruption = new Interruption("Finishing what is being generated.");
            await using var server = await InferenceServer.StartAsync(options);
            foreach (var model in server.Models)
            {
                var texts = model.MaxSequences == 0 ? "an encoder, for embeddings alone" : $"{Figures.Count(model.MaxSequences, "text")} of up to {Figures.Count(model.ContextTokens, "token")} at a time";
                Terminal.WriteLine($"{model.Name}: {model.Directory}, {texts}");
            }

            foreach (var adapter in options.Adapters) Terminal.WriteLine($"{adapter.Name}: the adapter {adapter.Directory} on it");
            Terminal.WriteLine($"serving on {server.Address} until Ctrl+C");
            await Task.Delay(Timeout.Infinite, interruption.Token).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            await server.StopAsync(Patience);
            return (int)ExitCode.Done;
        });
        return command;
    }

    private static ServedAdapter ReadAdapter(string text) => text.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } directory]
        ? new ServedAdapter(name, directory)
        : throw CoppiceException.Usage($"--adapter must be NAME=DIR, such as support=adapters/support, not '{text}'");
}
