using System.CommandLine;
using Coppice.Cli.Output;
using Coppice.Corpus;
using Coppice.Corpus.Building;
using Coppice.Foundation;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice corpus inspect</c>: what a curated corpus holds, checked against its checksums; or what became of one document.</summary>
internal static class CorpusInspectCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("DIR") { Description = "A folder that 'coppice corpus build' wrote" };
        var why = new Option<string?>("--why") { Description = "Tell what each step made of the document with this id", HelpName = "ID" };
        var command = new Command("inspect", "Show what a curated corpus holds, and check it against its checksums") { folder, why, CommonOptions.Json };
        command.SetAction(parse =>
        {
            var corpus = parse.GetRequiredValue(folder);
            var json = parse.GetValue(CommonOptions.Json);
            if (parse.GetValue(why) is { } id)
            {
                var stories = DocumentStory.Find(corpus, id).ToList();
                if (stories.Count == 0) throw new CoppiceException($"{corpus}: no document with the id '{id}' was read for it.");
                if (json) JsonOutput.Write(new Stories(stories));
                else foreach (var story in stories) Describe(story);
                return;
            }

            var manifest = CuratedCorpus.Open(corpus).Manifest;
            if (json) JsonOutput.Write(manifest);
            else Describe(manifest);
        });
        return command;
    }

    private static void Describe(CorpusManifest manifest)
    {
        Page.Facts(
            ("training", Describe(manifest.Train)),
            ("validation", manifest.Validation is null ? "none" : Describe(manifest.Validation)),
            ("read for it", $"{Figures.Count(manifest.DocumentsRead, "document")}, {Figures.Bytes(manifest.BytesRead)}, from {Figures.Count(manifest.FilesRead, "file")}"),
            ("dropped", $"{Figures.Count(manifest.Dropped.Values.Sum(), "document")}"),
            ("fingerprint", manifest.Train.Fingerprint));
        Page.Line();
        Page.Table(
            ["source", "documents", "bytes"],
            [.. manifest.Train.Sources.Select(source => new[] { source.Key, Figures.Count(source.Value.Documents), Figures.Count(source.Value.Bytes) })]);
    }

    private static string Describe(CorpusPart part) => $"{Figures.Count(part.Documents, "document")}, {Figures.Bytes(part.Bytes)}";

    private static void Describe(DocumentStory story)
    {
        Page.Line(Figures.Printable($"{story.Id} of {story.Source}: {(story.IsKept ? "in the corpus" : "not in the corpus")}"));
        if (story.Steps.Count > 0) Page.Facts([.. story.Steps.Select(step => (step.Step, Figures.Printable(Describe(step))))]);
    }

    private static string Describe(StepVerdict verdict)
    {
        var parts = new List<string> { verdict.Verdict };
        if (verdict.Reason is { } reason) parts.Add(reason);
        if (verdict.Changes is { } changes) parts.Add(string.Join(", ", changes.Select(change => $"{change.Reason} ({Figures.Count(change.Count)})")));
        if (verdict.Measured is { } measured) parts.Add($"{measured.Rule} {Figures.Number(measured.Value)}, the line is at {Figures.Number(measured.Threshold)}");
        if (verdict.Because is { } because) parts.Add($"it repeats {because}");
        return string.Join("; ", parts);
    }

    private sealed record Stories(IReadOnlyList<DocumentStory> Documents);
}
