using System.CommandLine;
using System.Diagnostics;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Foundation;
using Coppice.Models.Hub;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice get</c>: a model from a hub.</summary>
internal static class GetCommand
{
    // Before that, a speed says more about the start than about the connection.
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(1);

    public static Command Create()
    {
        var name = new Argument<string>("MODEL") { Description = "The model on the hub: hf:OWNER/NAME, or hf:OWNER/NAME@REVISION" };
        var output = new Option<string>("--output", "-o") { Description = "The model directory to write; the model's name where it isn't given", HelpName = "DIR" };
        var command = new Command("get", "Fetch a model from Hugging Face's hub, or from the one that HF_ENDPOINT names") { name, output, CommonOptions.Json };
        command.SetAction(parse =>
        {
            var model = HubName.Parse(parse.GetRequiredValue(name));
            var options = HubOptions.FromEnvironment(Environment.GetEnvironmentVariable);
            using var interruption = new Interruption("Stopping; what has arrived stays.");
            try
            {
                var result = Stage.Run($"Fetching {model}", show => HubDownload.GetAsync(model, parse.GetValue(output) ?? model.Name, options, Shown(show), interruption.Token).GetAwaiter().GetResult());
                if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(result);
                else Describe(result);
                return (int)ExitCode.Done;
            }
            catch (OperationCanceledException error) when (interruption.Token.IsCancellationRequested)
            {
                throw new CoppiceException("interrupted; the same command goes on where it stopped", ExitCode.Interrupted, error);
            }
        });
        return command;
    }

    private static Action<HubProgress> Shown(ShowProgress show)
    {
        var clock = Stopwatch.StartNew();
        var reused = 0L;
        return progress =>
        {
            var elapsed = clock.Elapsed;
            // What is here already comes at once, and is none of the connection's speed.
            if (elapsed < Settled) reused = progress.BytesDone;
            show(() => Text(progress, reused, elapsed));
        };
    }

    private static string Text(HubProgress progress, long reused, TimeSpan elapsed)
    {
        var text = $"{progress.File}, {Figures.Bytes(progress.BytesDone)} of {Figures.Bytes(progress.BytesTotal)}";
        var perSecond = (progress.BytesDone - reused) / Math.Max(1e-3, (elapsed - Settled).TotalSeconds);
        if (elapsed < Settled || perSecond <= 0) return text;
        return $"{text}, {Figures.Bytes((long)perSecond)}/s, {Figures.Duration(TimeSpan.FromSeconds(Math.Min(1e8, (progress.BytesTotal - progress.BytesDone) / perSecond)))} left";
    }

    private static void Describe(HubModel model) => Page.Facts(
        ("model", $"{model.Repository} at {model.Revision}"),
        ("files", $"{Figures.Count(model.Files.Count)}, {Figures.Bytes(model.Bytes)}"),
        ("written to", model.Directory));
}
