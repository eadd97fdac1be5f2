using System.CommandLine;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice probe</c>: what a model knows, of the world and of language.</summary>
internal static class ProbeCommand
{
    public static Command Create() => new("probe", "Measure what a model knows") { ProbeFactsCommand.Create(), ProbeTagsCommand.Create(), ProbeWorldCommand.Create() };
}
