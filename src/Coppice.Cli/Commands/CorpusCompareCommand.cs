using System.CommandLine;
using System.Globalization;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Continual.Ablation;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice corpus compare</c>: which of two corpora trains the better model.</summary>
internal static class CorpusCompareCommand
{
    public static Command Create()
    {
        var a = new Argument<string>("A") { Description = "The first corpus: a file, a folder or a corpus that 'coppice corpus build' wrote" };
        var b = new Argument<string>("B") { Description = "The second corpus" };
        var evaluations = new Option<string[]>("--eval") { Description = "Texts to measure on, in neither corpus; each is reported by itself", HelpName = "TEXT", Required = true, AllowMultipleArgumentsPerToken = true };
        var seeds = CommonOptions.Whole("--seeds", 1, 20, 3, "Models to train on each corpus");
        var tokens = CommonOptions.Whole("--tokens", 0, int.MaxValue, 0, "Tokens to train each model on; 0 for as many as --minutes allows");
        var minutes = CommonOptions.Number("--minutes", 0.1, 10_000, 3, "About how long the training of all models may take");
        var tokenizer = new Option<string>("--tokenizer") { Description = "A tokenizer to use instead of training one on both corpora", HelpName = "PATH", DefaultValueFactory = _ => "" };
        var command = new Command("compare", "Train small models on two corpora and tell which is better for which text")
        {
            a, b, evaluations, seeds, tokens, minutes, tokenizer, CommonOptions.Threads, CommonOptions.Json,
        };
        command.SetAction(parse =>
        {
            using var interruption = new Interruption("Stopping; nothing is written.");
            var (first, second) = (parse.GetRequiredValue(a), parse.GetRequiredValue(b));
            var comparison = Stage.Run("Comparing", show => CorpusComparer.Run(
                new CorpusComparisonRequest
                {
                    A = [first], B = [second], Evaluations = parse.GetRequiredValue(evaluations), Seeds = parse.GetValue(seeds), Tokens = parse.GetValue(tokens),
                    Minutes = parse.GetValue(minutes), Tokenizer = parse.GetRequiredValue(tokenizer), Threads = parse.GetValue(CommonOptions.Threads),
                    Notice = Terminal.WriteLine, Progress = text => show(() => text),
                },
                interruption.Token));
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(new { A = first, B = second, Seeds = parse.GetValue(seeds), Result = comparison });
            else Print(comparison, first, second);
        });
        return command;
    }

    private static void Print(CorpusComparison comparison, string a, string b)
    {
        Page.Facts(
            ("A", $"{a}, {Figures.Number(comparison.EpochsA)} epochs"),
            ("B", $"{b}, {Figures.Number(comparison.EpochsB)} epochs"),
            ("models", $"{Figures.Count(comparison.Parameters)} parameters, {Figures.Count(comparison.Tokens)} tokens each, {Figures.Count(comparison.Texts[0].Seeds.Count, "seed")}"));
        Page.Line();
        Page.Table(
            ["bits per byte", "A", "B", "B against A", "95 % interval", "better", "passages"],
            [.. comparison.Texts.Select(text => new[]
            {
                text.Text, Figures.Number(text.A), Figures.Number(text.B), $"{Change(text.ChangePercent)} %",
                text is { Low: { } low, High: { } high } ? $"{Change(low)} to {Change(high)} %" : "-",
                text.Better == CorpusVerdict.Undecided ? "can't tell" : text.Better.ToString(), Figures.Count(text.Passages),
            })]);
        if (comparison.Texts[0].Seeds.Count > 1) return;
        Page.Line();
        Page.Line("  with one seed the intervals leave out the chance in a model's training");
    }

    private static string Change(double percent) => percent.ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture);
}
