using System.CommandLine;
using Coppice.Corpus;
using Coppice.Corpus.Building;
using Coppice.Corpus.Deduplication;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice corpus dedup</c>: a build with one step, deduplication.</summary>
internal static class CorpusDedupCommand
{
    private const string Default = "minhash";

    public static Command Create()
    {
        var names = DeduplicationSteps.All.Select(step => step.Name).OrderByDescending(name => name == Default).ToList();
        var step = CommonOptions.Choice("--step", names, "How");
        var options = new CorpusBuildArguments();
        var command = new Command("dedup", "Read text, drop what repeats other documents, and write what is left") { step };
        options.AddTo(command);
        command.SetAction(parse => (int)options.Run(parse, CurationRecipe.Of("dedup", [NamedStep.Of(parse.GetRequiredValue(step))]), CorpusSplit.None, isTrial: false));
        return command;
    }
}
