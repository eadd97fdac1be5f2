using System.CommandLine;
using Coppice.Adapters;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Tensors;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice adapter refresh</c>: an adapter brought to a newer version of its base.</summary>
internal static class AdapterRefreshCommand
{
    public static Command Create()
    {
        var adapter = new Argument<string>("ADAPTER") { Description = "The adapter's directory" };
        var newBase = new Option<string>("--base") { Description = "The newer version of its base: a model directory or a run's", HelpName = "MODEL", Required = true };
        var data = new Option<string>("--data") { Description = "Examples to train on, as for 'coppice adapt'", HelpName = "FILE", Required = true };
        var test = new Option<string?>("--test") { Description = "Examples to measure on; a fifth of the data is kept apart for that where there is no file", HelpName = "FILE" };
        var pair = new Option<string?>("--pair-field") { Description = "The field with the second text, where texts are pairs and the adapter doesn't say so", HelpName = "NAME" };
        var oldBase = new Option<string?>("--old-base") { Description = "The version that it was trained on; the one that it names where it isn't given", HelpName = "MODEL" };
        var epochs = CommonOptions.Whole("--epochs", 0, 100_000, 3, "Passes over the examples for the task on the new base");
        var compatibility = CommonOptions.Whole("--compatibility-epochs", 0, 100_000, 3, "Passes after them for keeping what the old model had right");
        var rate = CommonOptions.Number("--learning-rate", 0, 1000, 1e-3, "The learning rate at the beginning of both; it falls to 0");
        var batch = CommonOptions.Whole("--batch", 1, 1 << 20, 8, "Examples of a step");
        var tokens = CommonOptions.Whole("--batch-tokens", 1, 1 << 24, 2048, "The most tokens that are computed at a time: fewer take less memory");
        var seed = CommonOptions.Seed(0);
        var output = CommonOptions.Output("DIR", "The adapter directory to write");
        var command = new Command("refresh", "Bring an adapter to a newer version of its base, keeping what it had right")
        {
            adapter, newBase, data, test, pair, oldBase, epochs, compatibility, rate, batch, tokens, seed, output, CommonOptions.Threads, CommonOptions.Json,
        };
        command.SetAction(parse =>
        {
            var request = new AdapterRefreshRequest
            {
                Adapter = parse.GetRequiredValue(adapter),
                OldBase = parse.GetValue(oldBase),
                NewBase = parse.GetRequiredValue(newBase),
                Data = parse.GetRequiredValue(data),
                Test = parse.GetValue(test),
                PairField = parse.GetValue(pair),
                Output = parse.GetRequiredValue(output),
                Epochs = parse.GetValue(epochs),
                CompatibilityEpochs = parse.GetValue(compatibility),
                LearningRate = parse.GetValue(rate),
                ExamplesPerStep = parse.GetValue(batch),
                BatchTokens = parse.GetValue(tokens),
                Seed = (ulong)parse.GetValue(seed),
            };
            using var backend = Backends.Create(parse.GetValue(CommonOptions.Threads));
            using var interruption = new Interruption("Stopping: nothing is written.");
            var result = Stage.Run("Refreshing", show => AdapterRefresh.Run(request, backend, text => show(() => text), interruption.Token));
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(result);
            else Describe(result);
        });
        return command;
    }

    private static void Describe(AdapterRefreshResult result)
    {
        var rows = new List<FlipsOutput.Row> { new("old adapter, old base", result.Old, null), new("old adapter, new base", result.Transplanted.Accuracy, result.Transplanted.Flips) };
        if (result.Retrained is { } retrained) rows.Add(new("trained for the task", retrained.Accuracy, retrained.Flips));
        if (result.Compatible is { } compatible) rows.Add(new("and for compatibility", compatible.Accuracy, compatible.Flips));
        FlipsOutput.Write(rows);
        Page.Line();
        Page.Facts(
            ("new base", result.Updates is { } updates ? $"{Figures.Count(updates, "update")} after the old one" : "did not come from the old one"),
            ("trained on", Figures.Count(result.TrainingExamples, "example")),
            ("written to", result.Output));
    }
}
