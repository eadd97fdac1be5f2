using System.CommandLine;
using System.Text.Json;
using Coppice.Cli.Output;
using Coppice.Corpus;
using Coppice.Corpus.Language;
using Coppice.Foundation;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice corpus language</c>: which languages documents are in, and how often that is right where they say so themselves.</summary>
internal static class CorpusLanguageCommand
{
    private const int ConfusionsShown = 20;

    public static Command Create()
    {
        var inputs = new Argument<string[]>("FILE") { Description = "Files, folders or patterns; documents with a field 'language' are judged by it", Arity = ArgumentArity.OneOrMore };
        var output = new Option<string?>("--output", "-o") { Description = "Write the label of each document: a line of JSON with id, language and score", HelpName = "FILE.jsonl" };
        var model = new Option<string?>("--model") { Description = "A language model instead of the one that comes with the program", HelpName = "FILE" };
        var command = new Command("language", "Tell the languages of documents") { inputs, output, model, CommonOptions.Json };
        command.SetAction(parse =>
        {
            using var interruption = new Interruption("Stopping.");
            var identifier = parse.GetValue(model) is { } path ? LanguageIdentifier.Load(path) : LanguageIdentifier.Default;
            var report = new CorpusReport();
            var pipeline = new CorpusPipeline([.. parse.GetRequiredValue(inputs).Select(input => new CorpusInput(input))], steps: []);
            var documents = pipeline.Run(report, interruption.Token);
            LanguageResult? result = null;
            if (parse.GetValue(output) is { } file) AtomicFile.Write(file, stream => result = Label(documents, identifier, stream));
            else result = Label(documents, identifier, null);
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(result);
            else Describe(result!);
        });
        return command;
    }

    private static LanguageResult Label(IEnumerable<Document> documents, LanguageIdentifier identifier, Stream? output)
    {
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var evaluation = new LanguageEvaluation(identifier);
        var total = 0L;
        foreach (var document in documents)
        {
            var guess = identifier.Identify(document.Text);
            counts[guess.Language] = counts.GetValueOrDefault(guess.Language) + 1;
            total++;
            if (document.Language is { } language) evaluation.Add(language, document.Text);
            if (output is null) continue;
            JsonSerializer.Serialize(output, new { id = document.Id, language = guess.Language, score = guess.Score });
            output.WriteByte((byte)'\n');
        }

        return new LanguageResult(
            total, counts, evaluation.Texts, evaluation.Texts == 0 ? null : evaluation.Accuracy, [.. evaluation.Confusions.Take(ConfusionsShown)], evaluation.ByLanguage);
    }

    private static void Describe(LanguageResult result)
    {
        Page.Facts([("documents", Figures.Count(result.Documents)), .. result.Accuracy is { } accuracy ? [("accuracy", $"{Figures.Percent(accuracy)} of {Figures.Count(result.Labelled)} with a label")] : Array.Empty<(string, string)>()]);
        Page.Line();
        Page.Table(
            ["language", "documents", "recognised"],
            [.. result.Languages.OrderByDescending(language => language.Value).Select(language => new[]
            {
                language.Key, Figures.Count(language.Value), result.AccuracyByLanguage.TryGetValue(language.Key, out var own) ? Figures.Percent(own) : "",
            })]);
        if (result.Confusions.Count == 0) return;
        Page.Line();
        Page.Table(["what it is", "taken for", "documents"], [.. result.Confusions.Select(pair => new[] { pair.Language, pair.TakenFor, Figures.Count(pair.Texts) })]);
    }

    private sealed record LanguageResult(
        long Documents,
        IReadOnlyDictionary<string, long> Languages,
        long Labelled,
        double? Accuracy,
        IReadOnlyList<LanguageConfusion> Confusions,
        IReadOnlyDictionary<string, double> AccuracyByLanguage);
}
