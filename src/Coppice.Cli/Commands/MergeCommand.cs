using System.CommandLine;
using System.Globalization;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Continual.Surgery;
using Coppice.Continual.Surgery.Methods;
using Coppice.Tensors;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice merge</c>: models with a common base to one.</summary>
internal static class MergeCommand
{
    public static Command Create()
    {
        var ancestor = new Argument<string>("BASE") { Description = "The model directory that the models were trained from" };
        var models = new Argument<string[]>("MODEL") { Description = "The model directories to merge; for delta, the tuned model and then the updated base", Arity = ArgumentArity.OneOrMore };
        var method = CommonOptions.Choice("--method", MergeRegistry.Names, "Interpolate with the base, add up what was learned (all of it, the largest part, a random part), interpolate on a sphere, or move a tuning to an updated base");
        var weights = Weights();
        var scale = CommonOptions.Number("--scale", -1000, 1000, 1, "Factor of all differences from the base (task_arithmetic, ties, dare, delta)");
        var density = new Option<double?>("--density")
        {
            Description = FormattableString.Invariant($"Share of the differences that is kept, more than 0 and at most 1: {Ties.UsualDensity} for ties and {Dare.UsualDensity} for dare where it isn't given"),
            HelpName = "X",
            CustomParser = result => Parse(result.Tokens[0].Value) is > 0 and <= 1 and var share ? share : Refuse<double?>(result, "--density must be a number above 0 and at most 1"),
        };
        var seed = CommonOptions.Seed(0);
        var output = CommonOptions.Output("DIR", "The model directory to write: new or empty");
        var command = new Command("merge", "Merge models that were trained from one base")
        {
            ancestor, models, method, weights, scale, density, seed, output, CommonOptions.Json,
        };
        // What a method can't honour is refused rather than ignored.
        command.Validators.Add(result =>
        {
            var chosen = result.GetValue(method) ?? MergeRegistry.Names[0];
            if (!MergeRegistry.Names.Contains(chosen)) return;
            foreach (var (option, honoured) in new (Option, bool)[] { (scale, MergeRegistry.HasScale(chosen)), (density, MergeRegistry.HasDensity(chosen)), (seed, MergeRegistry.HasSeed(chosen)) })
            {
                if (!honoured && result.GetResult(option) is { Implicit: false }) result.AddError($"{option.Name} does not apply to --method {chosen}");
            }
        });
        command.SetAction(parse =>
        {
            using var backend = Backends.Create(threads: 1);
            var request = new ModelMergeRequest
            {
                Method = parse.GetRequiredValue(method),
                Base = parse.GetRequiredValue(ancestor),
                Models = parse.GetRequiredValue(models),
                Weights = parse.GetResult(weights) is null ? null : parse.GetValue(weights),
                Settings = new MergeSettings { Scale = parse.GetValue(scale), Density = parse.GetValue(density), Seed = (ulong)parse.GetValue(seed) },
                Output = parse.GetRequiredValue(output),
            };
            var result = Stage.Run("Merging", _ => ModelMerge.Run(request, backend));
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(result);
            else Describe(request, result);
        });
        return command;
    }

    private static void Describe(ModelMergeRequest request, ModelMergeResult result)
    {
        Page.Table(["model", "weight"], [[request.Base, "base"], .. request.Models.Zip(result.Merge.Models, (path, model) => new[] { path, Figures.Number(model.Weight!.Value) })]);
        Page.Line();
        Page.Facts(
            ("method", result.Merge.Method),
            ("parameters", Figures.Count(result.Parameters)),
            ("written to", result.Output));
    }

    private static Option<double[]?> Weights() => new("--weights", "-w")
    {
        Description = "A weight for each model, separated by commas: for linear and slerp from 0 (the base) to 1 (the model)",
        HelpName = "W,...",
        CustomParser = result =>
        {
            var parsed = result.Tokens[0].Value.Split(',').Select(Parse).ToList();
            return parsed.Contains(null) ? Refuse<double[]>(result, "--weights must be numbers separated by commas") : [.. parsed.Select(weight => weight!.Value)];
        },
    };

    private static double? Parse(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value : null;

    private static T? Refuse<T>(System.CommandLine.Parsing.ArgumentResult result, string message)
    {
        result.AddError($"{message}, not '{result.Tokens[0].Value}'");
        return default;
    }
}
