using System.CommandLine;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Corpus;
using Coppice.Corpus.Building;
using Coppice.Foundation;
using Coppice.Training.Recipes;

namespace Coppice.Cli.Commands;

/// <summary>The arguments of the commands that build a corpus, and the build.</summary>
internal sealed class CorpusBuildArguments
{
    private const string RecipeFile = "recipe.yaml", ReportFile = "report.html";

    private readonly Argument<string[]> _inputs = new("INPUT") { Description = "Files, folders, patterns such as 'docs/**/*.md', or corpora", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string> _output = CommonOptions.Output("DIR", "The folder of the corpus; it also keeps what was done, for the next build");
    private readonly Option<string[]> _against = new("--against") { Description = "A corpus built earlier: what repeats its documents is dropped. May be given several times", HelpName = "DIR", DefaultValueFactory = _ => [] };

    private readonly Option<string?> _memory = new("--memory")
    {
        Description = "Memory to stay within, such as 4GB; 2GB, or half of what there is if that is less, where it is not given. The result doesn't depend on it",
        HelpName = "SIZE",
    };

    /// <summary>Adds the arguments to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_inputs);
        command.Add(_output);
        command.Add(_against);
        command.Add(_memory);
        command.Add(CommonOptions.Threads);
        command.Add(CommonOptions.Json);
    }

    /// <summary>Builds and prints the result.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="recipe">What is done to the documents.</param>
    /// <param name="split">How what is left is divided.</param>
    /// <param name="isTrial">Whether the corpus is deleted again.</param>
    public ExitCode Run(ParseResult parse, CurationRecipe recipe, CorpusSplit split, bool isTrial)
    {
        using var interruption = new Interruption("Stopping after the documents at hand.");
        var json = parse.GetValue(CommonOptions.Json);
        var output = isTrial ? Directory.CreateTempSubdirectory("coppice-trial-").FullName : parse.GetRequiredValue(_output);
        var build = new CorpusBuild(new CorpusBuildOptions
        {
            Inputs = [.. parse.GetRequiredValue(_inputs).Select(path => new CorpusInput(path))],
            Output = output,
            Recipe = recipe,
            Split = split,
            Against = parse.GetRequiredValue(_against),
            Threads = parse.GetValue(CommonOptions.Threads),
            Memory = parse.GetValue(_memory) is { } memory ? Quantity.Bytes("--memory", memory) : 0,
        });
        try
        {
            var result = Stage.Run("Corpus", show => build.Run(new BuildDisplay(show).Show, interruption.Token));
            if (!isTrial) WritePages(output, result.Report);
            var printed = CorpusResult.Of(result, isTrial ? null : output);
            if (json) JsonOutput.Write(printed);
            else printed.Describe(result.Report);
            return ExitCode.Done;
        }
        catch (OperationCanceledException)
        {
            var next = isTrial ? "" : " What is done is kept: the same command goes on.";
            return ErrorOutput.Write($"Interrupted.{next}", ExitCode.Interrupted, json);
        }
        finally
        {
            if (isTrial) Directory.Delete(output, recursive: true);
        }
    }

    private static void WritePages(string output, BuildReport report)
    {
        var recipe = CurationRecipeDocument.Write(report.RecipeSteps);
        AtomicFile.WriteText(Path.Combine(output, RecipeFile), recipe);
        AtomicFile.WriteText(Path.Combine(output, ReportFile), CorpusReportPage.ToHtml(report, recipe));
    }
}
