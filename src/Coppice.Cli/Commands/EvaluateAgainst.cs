using System.Globalization;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Corpus;
using Coppice.Evaluation;
using Coppice.Inference;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice evaluate --against</c>: what changed from one model to another, document by document and pair by pair.</summary>
internal static class EvaluateAgainst
{
    /// <summary>Measures both models and prints what changed.</summary>
    /// <param name="directory">The model.</param>
    /// <param name="adapter">The directory of an adapter on it, or null.</param>
    /// <param name="quantization">In what its matrices are held.</param>
    /// <param name="parent">The model it is compared with, in float32.</param>
    /// <param name="data">Text; may be empty.</param>
    /// <param name="pairs">Minimal pairs, or null.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="json">Whether the result is printed as JSON.</param>
    public static void Run(string directory, string? adapter, Quantization quantization, string parent, string[] data, string? pairs, Backend backend, bool json)
    {
        var items = pairs is null ? [] : MinimalPair.Read(pairs);
        // One model after the other: two at a time need not fit into memory.
        var before = Measure("parent", parent, adapter: null, Quantization.None, data, items, backend, tell: false);
        var after = Measure("model", directory, adapter, quantization, data, items, backend, tell: true);
        var texts = data.Length > 0 ? ModelComparison.Of(before.Documents, after.Documents) : null;
        var flips = items.Count > 0 ? Flips.Of(before.Correct, after.Correct) : null;
        if (json)
        {
            var evaluation = texts is null ? null : TextEvaluation.Of(after.Documents);
            var accuracy = flips is null ? null : MinimalPairEvaluation.Of(items, after.Correct);
            JsonOutput.Write(EvaluationResult.Of(evaluation, accuracy) with { Against = AgainstResult.Of(parent, texts, flips) });
            return;
        }

        Describe(texts, flips);
    }

    private static (IReadOnlyList<DocumentScore> Documents, IReadOnlyList<bool> Correct) Measure(
        string role, string path, string? adapter, Quantization quantization, string[] data, IReadOnlyList<MinimalPair> pairs, Backend backend, bool tell)
    {
        using var opened = InferenceModel.Load(path, backend, quantization);
        using var adapters = AdapterOption.Activate(adapter, path, opened.Model);
        var (model, tokenizer) = (opened.Model, opened.Tokenizer);
        IReadOnlyList<DocumentScore> documents = [];
        if (data.Length > 0)
        {
            var report = new CorpusReport();
            using var scorer = new DocumentScorer(model, tokenizer);
            documents = Stage.Run($"Evaluating the {role}", show => scorer.Score(TokenSequences.Of(EvaluateCommand.Documents(data, report, show), tokenizer)));
            // Both models read the same text: what of it was not used is told once.
            if (tell) CorpusNotes.Tell(report);
        }

        if (pairs.Count == 0) return (documents, []);
        using var evaluator = new MinimalPairEvaluator(model, tokenizer);
        return (documents, Stage.Run($"Evaluating {Figures.Count(pairs.Count, "pair")} with the {role}", _ => evaluator.Judge(pairs)));
    }

    private static void Describe(ModelComparison? texts, Flips? flips)
    {
        if (texts is not null)
        {
            Page.Table(
                ["bits per byte", "before", "after", "change", "95 % interval", "documents", "bytes"],
                [.. texts.Sources.Where(_ => texts.Sources.Count > 1).Select(source => Row(source.Key, source.Value)), Row("all", texts.Total)]);
        }

        if (texts is not null && flips is not null) Page.Line();
        if (flips is not null)
        {
            Page.Table(
                ["minimal pairs", "before", "after", "right to wrong", "wrong to right", "p", "pairs"],
                [["all", Share(flips.ParentCorrect), Share(flips.ChildCorrect), Figures.Count(flips.Negative), Figures.Count(flips.Positive), Figures.Number(flips.PValue), Figures.Count(flips.Items)]]);
        }

        string Share(int correct) => Figures.Percent((double)correct / flips.Items);
    }

    private static string[] Row(string name, PairedComparison comparison) =>
    [
        name, Figures.Number(comparison.ParentBitsPerByte), Figures.Number(comparison.ChildBitsPerByte), $"{Change(comparison.ChangePercent)} %",
        comparison is { Low: { } low, High: { } high } ? $"{Change(low)} to {Change(high)} %" : "-",
        Figures.Count(comparison.Documents), Figures.Count(comparison.Bytes),
    ];

    private static string Change(double percent) => percent.ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture);
}

/// <summary>What changed from another model to the measured one.</summary>
internal sealed record AgainstResult(string Model, PairedComparison? Total, IReadOnlyList<SourceChange> Sources, Flips? Flips)
{
    /// <summary>The result of comparisons.</summary>
    public static AgainstResult Of(string model, ModelComparison? texts, Flips? flips) =>
        new(model, texts?.Total, [.. texts?.Sources.Select(source => new SourceChange(source.Key, source.Value)) ?? []], flips);
}

/// <summary>What changed on one source.</summary>
internal sealed record SourceChange(string Name, PairedComparison Comparison);
