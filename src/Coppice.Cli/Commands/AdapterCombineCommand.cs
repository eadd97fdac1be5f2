using System.CommandLine;
using System.Globalization;
using Coppice.Adapters;
using Coppice.Adapters.Directories;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Continual.Surgery;
using Coppice.Continual.Surgery.Methods;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice adapter combine</c>: several adapters of one base to one.</summary>
internal static class AdapterCombineCommand
{
    private static readonly string[] Modes = ["concatenate", "linear", "sum", "ties", "dare"];

    public static Command Create()
    {
        var adapters = new Argument<string[]>("ADAPTER") { Description = "The adapters' directories", Arity = ArgumentArity.OneOrMore };
        var mode = CommonOptions.Choice("--mode", Modes, "concatenate: the weighted sum of the changes, exactly; linear: of the factors, as PEFT has it, which keeps the rank; sum: of the changes, cut to a rank; ties, dare: of changes that were thinned out first");
        var weights = new Option<double[]?>("--weights", "-w") { Description = "A weight for each adapter, separated by commas; 1 where they aren't given", HelpName = "W,...", CustomParser = result => ReadWeights(result) };
        var density = new Option<double?>("--density") { Description = FormattableString.Invariant($"Share of the changes that is kept, more than 0 and at most 1 (ties, dare): {Ties.UsualDensity} and {Dare.UsualDensity} where it isn't given"), HelpName = "X" };
        var sign = CommonOptions.Choice("--sign", ["total", "frequency"], "How ties elects a sign: that of the sum, or the one that more adapters have");
        var rank = new Option<int?>("--rank") { Description = "Rank of the result (sum, ties, dare); the sum of the ranks where it isn't given", HelpName = "N" };
        var seed = CommonOptions.Seed(0);
        var ancestor = new Option<string?>("--base") { Description = "The model directory that all were trained on; the one that the first adapter names where it isn't given", HelpName = "MODEL" };
        var output = CommonOptions.Output("DIR", "The adapter directory to write");
        var command = new Command("combine", "Combine adapters of one base to one, a plain LoRA") { adapters, mode, weights, density, sign, rank, seed, ancestor, output, CommonOptions.Json };
        // What a mode can't honour is refused rather than ignored.
        command.Validators.Add(result =>
        {
            var chosen = result.GetValue(mode) ?? Modes[0];
            foreach (var (option, honoured) in new (Option, bool)[] { (density, chosen is "ties" or "dare"), (sign, chosen == "ties"), (rank, chosen is "sum" or "ties" or "dare"), (seed, chosen == "dare") })
            {
                if (!honoured && result.GetResult(option) is { Implicit: false }) result.AddError($"{option.Name} does not apply to --mode {chosen}");
            }
        });
        command.SetAction(parse =>
        {
            using var backend = Backends.Create(threads: 0);
            var paths = parse.GetRequiredValue(adapters);
            var chosen = parse.GetRequiredValue(mode);
            var given = parse.GetResult(weights) is null ? null : parse.GetValue(weights);
            if (given is not null && given.Length != paths.Length) throw CoppiceException.Usage(FormattableString.Invariant($"{given.Length} weights for {paths.Length} adapters: each has one"));
            var settings = new MergeSettings { Density = parse.GetValue(density), Sign = Enum.Parse<SignElection>(parse.GetRequiredValue(sign), ignoreCase: true), Seed = (ulong)parse.GetValue(seed) };
            var place = AdapterBase.Find(paths[0], parse.GetValue(ancestor));
            using var model = ModelDirectory.Load(place, backend);
            using var set = new AdapterSet(model);
            var parts = paths.Select((path, i) => (Contents(path, place, set, i), given?[i] ?? 1)).ToList();
            var (contents, lost) = Stage.Run("Combining", _ => Combine(parts, chosen, settings, parse.GetValue(rank)));
            var directory = parse.GetRequiredValue(output);
            AdapterDirectory.Save(directory, contents, model, Provenance.RelativePath(directory, place));
            AdapterBase.Record(directory, place);
            var ranks = contents.Settings.RankPattern.Select(pattern => pattern.Value).Append(contents.Settings.Rank).Max();
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(new { Output = directory, Mode = chosen, Rank = ranks, Lost = lost });
            else Page.Facts(("mode", chosen), ("rank", Figures.Count(ranks)), ("lost by the cut to it", lost is { } share ? Figures.Percent(share) : "nothing is cut"), ("written to", directory));
        });
        return command;
    }

    private static AdapterContents Contents(string path, string place, AdapterSet set, int number)
    {
        if (File.Exists(Path.Combine(path, HeadFile.FileName))) throw CoppiceException.Usage($"{path}: has the head of a task, and heads of several can't be one: combine adapters without heads");
        return AdapterConversion.ToLora(AdapterBase.Load(path, place, set, number.ToString(CultureInfo.InvariantCulture)));
    }

    private static (AdapterContents Contents, double? Lost) Combine(IReadOnlyList<(AdapterContents, double)> parts, string mode, MergeSettings settings, int? rank)
    {
        if (mode is "concatenate" or "linear") return (AdapterCombination.Combine(parts, mode == "linear" ? CombinationMethod.Linear : CombinationMethod.Concatenate), null);
        var merged = AdapterChangeMerge.Merge(parts, mode == "sum" ? "task_arithmetic" : mode, settings, rank);
        return (merged.Contents, merged.Lost);
    }

    private static double[]? ReadWeights(System.CommandLine.Parsing.ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        var numbers = new List<double>();
        foreach (var part in text.Split(','))
        {
            if (!double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || !double.IsFinite(number))
            {
                result.AddError($"--weights must be numbers separated by commas, not '{text}'");
                return null;
            }

            numbers.Add(number);
        }

        return [.. numbers];
    }
}
