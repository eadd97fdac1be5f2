using System.CommandLine;
using Coppice.Adapters;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Inference;

namespace Coppice.Cli.Commands;

/// <summary>The options of <c>coppice evaluate</c> for classes that a model tells from examples in its prompt.</summary>
internal static class DemonstrationOptions
{
    private static readonly Option<string[]> Demonstrations = new("--demonstrations")
    {
        Description = "Labelled texts as adapt reads them: label those of --data, each behind the ones that are nearest to it, without training", HelpName = "FILE", AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<int> Shots = CommonOptions.Whole("--shots", 0, 10_000, 8, "With --demonstrations: how many stand before a text");

    /// <summary>Adds the options.</summary>
    public static void AddTo(Command command)
    {
        command.Add(Demonstrations);
        command.Add(Shots);
    }

    /// <summary>Whether demonstrations were given.</summary>
    public static bool AreGiven(ParseResult parse)
    {
        var isGiven = parse.GetValue(Demonstrations) is { Length: > 0 };
        parse.RequireFor(Shots, Demonstrations.Name, isGiven);
        return isGiven;
    }

    /// <summary>Measures, and shows it.</summary>
    public static void Run(ParseResult parse, InferenceModel opened, IReadOnlyList<string> files, bool json)
    {
        List<LabelledText> pool = [.. parse.GetValue(Demonstrations)!.SelectMany(file => LabelledText.Read(file))], texts = [.. files.SelectMany(file => LabelledText.Read(file))];
        var shots = parse.GetValue(Shots);
        var found = Stage.Run($"Labelling {Figures.Count(texts.Count, "text")}", _ => DemonstrationEvaluation.Measure(opened.Model, opened.Tokenizer, pool, texts, shots));
        if (json)
        {
            JsonOutput.Write(new { found.Accuracy, found.MacroF1, found.Shots });
            return;
        }

        Page.Facts(
            ("accuracy", AdaptOutput.Interval(found.Accuracy)), ("macro f1", AdaptOutput.Interval(found.MacroF1)),
            ("demonstrations", $"{Figures.Number(found.Shots)} of {Figures.Count(pool.Count)} before a text{(found.Shots < Math.Min(shots, pool.Count - 1) ? " on average: there was no room for more" : "")}"));
    }
}
