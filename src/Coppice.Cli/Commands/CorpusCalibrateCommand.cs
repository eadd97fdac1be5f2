using System.CommandLine;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Corpus;
using Coppice.Corpus.Language;
using Coppice.Corpus.Quality;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice corpus calibrate</c>: thresholds of quality rules for each language, learned from good text.</summary>
internal static class CorpusCalibrateCommand
{
    public static Command Create()
    {
        var byDefault = new FineWebTwoCalibrationOptions();
        var inputs = new Argument<string[]>("INPUT") { Description = "Good text of each language: files, folders, patterns or corpora; a document that names no language is in the one it is recognised as", Arity = ArgumentArity.OneOrMore };
        var output = CommonOptions.Output("FILE.json", "The file of thresholds, for the step fineweb-2");
        var tail = CommonOptions.Number("--tail", 0, 0.5, byDefault.Tail!.Value, "The share of the good documents that each threshold may cut off");
        var like = new Option<string?>("--like") { Description = "Instead of --tail: a language whose usual thresholds are right, such as en; every other loses by each rule what it loses", HelpName = "LANGUAGE" };
        var command = new Command("calibrate", "Learn the thresholds of FineWeb-2's rules for each language from good text") { inputs, output, tail, like, CommonOptions.Json };
        command.Validators.Add(result =>
        {
            if (result.GetValue(like) is not null && result.GetResult(tail) is { Implicit: false }) result.AddError("give either --tail or --like");
        });
        command.SetAction(parse =>
        {
            using var interruption = new Interruption("Stopping.");
            var options = parse.GetValue(like) is { } reference ? byDefault with { Tail = null, ReferenceLanguage = reference } : byDefault with { Tail = parse.GetValue(tail) };
            var pipeline = new CorpusPipeline([.. parse.GetRequiredValue(inputs).Select(input => new CorpusInput(input))]);
            var report = new CorpusReport();
            var thresholds = Stage.Run("Text", show => FineWebTwoCalibration.Learn(
                pipeline.Run(report, interruption.Token).Select(document =>
                {
                    show(() => $"{Figures.Count(report.DocumentsRead, "document")}, {Figures.Bytes(report.BytesRead)}");
                    return document.Language is null ? document with { Language = DocumentLanguage.Of(document.Text, LanguageIdentifier.Default).Language } : document;
                }),
                options));
            thresholds.Save(parse.GetRequiredValue(output));
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(thresholds);
            else Describe(thresholds);
        });
        return command;
    }

    private static void Describe(FineWebTwoThresholds thresholds) => Page.Table(
        ["language", "documents", "length of words", "words with a letter", "lines with an end mark", "stop words"],
        [.. thresholds.Languages.OrderBy(language => language.Key, StringComparer.Ordinal).Select(language => new[]
        {
            language.Key, Figures.Count(language.Value.Documents), FormattableString.Invariant($"{language.Value.MinMeanWordLength:0.##} to {language.Value.MaxMeanWordLength:0.##}"),
            Figures.Percent(language.Value.MinAlphabeticWords), Figures.Percent(language.Value.MinPunctuatedLines), string.Join(' ', language.Value.StopWords.Take(6)),
        })]);
}
