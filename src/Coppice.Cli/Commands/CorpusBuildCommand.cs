using System.CommandLine;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Corpus;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice corpus build</c>: text to a curated corpus, with a report of what was dropped and why.</summary>
internal static class CorpusBuildCommand
{
    public static Command Create()
    {
        var inputs = new Argument<string[]>("INPUT") { Description = "Files, folders, patterns such as 'docs/**/*.md', or corpora", Arity = ArgumentArity.OneOrMore };
        var output = CommonOptions.Output("DIR", "The folder of the corpus; what it holds of an earlier one is replaced");
        var share = CommonOptions.Number("--validation-share", 0, 1, 0, "The share of documents kept apart to measure on; 0 keeps none apart");
        var seed = CommonOptions.Seed(0);
        var command = new Command("build", "Read text, drop what is empty or there twice, and write a curated corpus")
        {
            inputs, output, share, seed, CommonOptions.DryRun, CommonOptions.Json,
        };
        command.SetAction(parse =>
        {
            using var interruption = new Interruption("Stopping; nothing is written.");
            var split = parse.GetValue(share) is > 0 and var part ? CorpusSplit.ByDocument(part, (ulong)parse.GetValue(seed)) : CorpusSplit.None;
            var steps = CorpusPipeline.DefaultSteps.Select(step => new CountedStep(step)).ToList();
            var pipeline = new CorpusPipeline([.. parse.GetRequiredValue(inputs).Select(path => new CorpusInput(path))], steps);
            var report = new CorpusReport();
            var folder = parse.GetValue(CommonOptions.DryRun) ? null : parse.GetRequiredValue(output);
            var manifest = Stage.Run("Reading", show =>
            {
                var documents = Shown(pipeline.Run(report, interruption.Token), report, show);
                if (folder is not null) return CorpusWriter.Write(folder, documents, split, report);
                foreach (var _ in documents)
                {
                }

                return null;
            });
            var result = CorpusResult.Of(report, steps, manifest, folder);
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(result);
            else result.Describe(report);
        });
        return command;
    }

    private static IEnumerable<Document> Shown(IEnumerable<Document> documents, CorpusReport report, ShowProgress show) => documents.Select(document =>
    {
        show(() => $"{Figures.Count(report.DocumentsRead)} documents, {Figures.Bytes(report.BytesRead)}");
        return document;
    });
}
