using System.CommandLine;
using Coppice.Cli.Output;
using Coppice.Evaluation;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice probe world</c>: biographies of invented people, and the facts to ask a model that has read them.</summary>
internal static class ProbeWorldCommand
{
    public static Command Create()
    {
        var usual = new WorldOptions();
        var output = CommonOptions.Output("FOLDER", $"Where {WorldFiles.Documents}, {WorldFiles.Facts} and, with an update, {WorldFiles.UpdateDocuments} and {WorldFiles.UpdateFacts} go");
        var people = CommonOptions.Whole("--people", 1, int.MaxValue, usual.People, "How many people there are");
        var versions = CommonOptions.Whole("--versions", 1, int.MaxValue, usual.Versions, "Biographies of a person, each in other words");
        var permute = new Option<bool>("--permute") { Description = "Put the sentences of each biography in random order" };
        var fullName = new Option<bool>("--full-name") { Description = "Write the name in every sentence, not a pronoun" };
        var augmented = CommonOptions.Number("--augmented-share", 0, 1, usual.AugmentedShare, "The share of people (celebrities) with more than one plain biography; below 1, the others are asked about");
        var taught = CommonOptions.Number("--taught-share", 0, 1, usual.TaughtShare, "The share of people whose facts are also told in the wordings of the questions; the others are asked about");
        var moved = CommonOptions.Number("--moved-share", 0, 1, usual.MovedShare, "The share of people who have another employer after the update");
        var newcomers = CommonOptions.Whole("--newcomers", 0, int.MaxValue, usual.Newcomers, "People who are only in the update");
        var seed = CommonOptions.Seed(0);
        var command = new Command("world", "Write biographies of invented people, and the facts to ask a model that has read them")
        {
            output, people, versions, permute, fullName, augmented, taught, moved, newcomers, seed, CommonOptions.Json,
        };
        command.SetAction(parse =>
        {
            var folder = parse.GetRequiredValue(output);
            var contents = WorldFiles.Write(folder, new WorldOptions
            {
                People = parse.GetValue(people),
                Seed = (ulong)parse.GetValue(seed),
                Versions = parse.GetValue(versions),
                Permute = parse.GetValue(permute),
                FullName = parse.GetValue(fullName),
                AugmentedShare = parse.GetValue(augmented),
                TaughtShare = parse.GetValue(taught),
                MovedShare = parse.GetValue(moved),
                Newcomers = parse.GetValue(newcomers),
            });
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(contents);
            else Describe(folder, contents);
        });
        return command;
    }

    private static void Describe(string folder, WorldContents contents)
    {
        Page.Line(folder);
        Page.Facts([(WorldFiles.Documents, Figures.Count(contents.Documents, "document")), (WorldFiles.Facts, Figures.Count(contents.Facts, "fact")),
            .. contents.UpdateDocuments + contents.UpdateFacts == 0 ? [] : ((string, string)[])[
                (WorldFiles.UpdateDocuments, Figures.Count(contents.UpdateDocuments, "document")), (WorldFiles.UpdateFacts, Figures.Count(contents.UpdateFacts, "fact"))]]);
    }
}
