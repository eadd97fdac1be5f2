using System.CommandLine;
using Coppice.Adapters;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Corpus;
using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Inference;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice evaluate</c>: how well a model predicts text, and how often it prefers the acceptable one of two sentences.</summary>
internal static class EvaluateCommand
{
    public static Command Create()
    {
        var directory = new Argument<string>("MODEL") { Description = "A model directory or a GGUF file, or what coppice adapt made" };
        var data = new Option<string[]>("--data") { Description = "Text to measure the loss on: files, folders or patterns; of what was adapted, files of its task's examples", HelpName = "FILE", AllowMultipleArgumentsPerToken = true };
        var pairs = new Option<string?>("--pairs") { Description = "Minimal pairs as JSON lines with 'good' and 'bad', such as BLiMP", HelpName = "FILE" };
        var against = new Option<string?>("--against") { Description = "Another model, such as the parent, or the same one exact: show what changed from it, paired by document", HelpName = "PARENT" };
        var adapter = new AdapterOption();
        var baseModel = new Option<string?>("--base") { Description = "The model directory that the adapter in MODEL stands on, where it is no longer where it was", HelpName = "DIR" };
        var command = new Command("evaluate", "Measure loss, perplexity and bits per byte on text, accuracy on minimal pairs, and what was adapted on its task")
        {
            directory, data, pairs, against, baseModel, CommonOptions.Quantize, CommonOptions.Threads, CommonOptions.Json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(data) is null && result.GetResult(pairs) is null) result.AddError("there is nothing to evaluate on: give --data FILE or --pairs FILE");
        });
        adapter.AddTo(command);
        DemonstrationOptions.AddTo(command);
        command.SetAction(parse =>
        {
            var path = parse.GetRequiredValue(directory);
            var json = parse.GetValue(CommonOptions.Json);
            var hasDemonstrations = DemonstrationOptions.AreGiven(parse);
            if (hasDemonstrations && (parse.GetValue(data) is not { Length: > 0 } || parse.GetValue(pairs) is not null || parse.GetValue(against) is not null))
                throw CoppiceException.Usage("--demonstrations is for labelled texts that --data names, and for nothing else at the same time");
            using var backend = Backends.Create(parse.GetValue(CommonOptions.Threads));
            if (AdaptedTask.Exists(path))
            {
                if (parse.GetValue(against) is not null || parse.GetValue(pairs) is not null || adapter.Read(parse) is not null || hasDemonstrations) throw CoppiceException.Usage($"{path}: was adapted to a task, and is measured on that by --data alone");
                if (parse.GetResult(CommonOptions.Quantize) is { Implicit: false }) throw CoppiceException.Usage($"{path}: was adapted to a task, and is measured as it was trained: --quantize is for other models");
                using var adapted = AdaptedTask.Open(path, backend, parse.GetValue(baseModel));
                AdaptOutput.Show(adapted.Recipe, adapted.Evaluate(parse.GetValue(data)!), json);
                return;
            }

            if (parse.GetValue(baseModel) is not null) throw CoppiceException.Usage($"{path}: --base is for adapters that coppice adapt made, and this is none");
            if (parse.GetValue(against) is { } parent)
            {
                EvaluateAgainst.Run(path, adapter.Read(parse), CommonOptions.ReadQuantize(parse), parent, parse.GetValue(data) ?? [], parse.GetValue(pairs), backend, json);
                return;
            }

            using var opened = InferenceModel.Load(path, backend, CommonOptions.ReadQuantize(parse));
            using var adapters = AdapterOption.Activate(adapter.Read(parse), path, opened.Model);
            if (hasDemonstrations)
            {
                DemonstrationOptions.Run(parse, opened, parse.GetValue(data)!, json);
                return;
            }

            var texts = parse.GetValue(data) is { Length: > 0 } files ? EvaluateTexts(opened.Model, opened.Tokenizer, files) : null;
            var accuracy = parse.GetValue(pairs) is { } file ? EvaluatePairs(opened.Model, opened.Tokenizer, file) : null;
            if (json) JsonOutput.Write(EvaluationResult.Of(texts, accuracy));
            else Describe(texts, accuracy);
        });
        return command;
    }

    /// <summary>The text as it is: what is measured goes through no step.</summary>
    public static IEnumerable<Document> Documents(string[] files, CorpusReport report, ShowProgress show)
    {
        var pipeline = new CorpusPipeline([.. files.Select(file => new CorpusInput(file))], steps: []);
        return pipeline.Run(report).Select(document =>
        {
            show(() => $"{Figures.Count(report.DocumentsRead, "document")}, {Figures.Bytes(report.BytesRead)}");
            return document;
        });
    }

    private static TextEvaluation EvaluateTexts(LanguageModel model, Tokenizer tokenizer, string[] files)
    {
        var report = new CorpusReport();
        var evaluation = Stage.Run("Evaluating", show => Evaluate(model, tokenizer, Documents(files, report, show)));
        CorpusNotes.Tell(report);
        return evaluation;
    }

    private static TextEvaluation Evaluate(LanguageModel model, Tokenizer tokenizer, IEnumerable<Document> documents)
    {
        if (model.Configuration.IsCausal)
        {
            using var evaluator = new TextEvaluator(model, tokenizer);
            return evaluator.Evaluate(documents);
        }

        Terminal.WriteLine($"a {model.Configuration.ModelType} model is asked for {(model is ElectraModel ? "the tokens that were replaced" : model.Configuration.IsEncoderDecoder ? "spans that were taken out" : "tokens that are hidden")}: compare its numbers with its own kind's alone");
        using var scorer = new DocumentScorer(model, tokenizer);
        return TextEvaluation.Of(scorer.Score(TokenSequences.Of(documents, tokenizer)));
    }

    private static MinimalPairEvaluation EvaluatePairs(LanguageModel model, Tokenizer tokenizer, string file)
    {
        var pairs = MinimalPair.Read(file);
        using var evaluator = new MinimalPairEvaluator(model, tokenizer);
        return Stage.Run($"Evaluating {Figures.Count(pairs.Count, "pair")}", _ => evaluator.Evaluate(pairs));
    }

    private static void Describe(TextEvaluation? texts, MinimalPairEvaluation? accuracy)
    {
        if (texts is not null)
        {
            Page.Table(
                ["source", "loss", "perplexity", "bits per byte", "tokens", "bytes"],
                [.. texts.Sources.Where(_ => texts.Sources.Count > 1).Select(source => Row(source.Key, source.Value)), Row("all", texts.Total)]);
        }

        if (texts is not null && accuracy is not null) Page.Line();
        if (accuracy is not null)
        {
            Page.Table(["minimal pairs", "accuracy", "± error", "pairs"], [.. accuracy.Phenomena.Select(entry => Row(entry.Key, entry.Value)), Row("all", accuracy.Total)]);
        }
    }

    private static string[] Row(string name, TextScore score) =>
        [name, Figures.Number(score.Loss), Figures.Number(score.Perplexity), Figures.Number(score.BitsPerByte), Figures.Count(score.Tokens), Figures.Count(score.Bytes)];

    private static string[] Row(string name, MinimalPairScore score) =>
        [name, Figures.Percent(score.Accuracy), Figures.Percent(score.StandardError), Figures.Count(score.Pairs)];
}
