using Coppice.Evaluation;
using Coppice.Models;
using Coppice.Training.Objectives;

namespace Coppice.Adapters;

/// <summary>Classes of words: parts of speech, names.</summary>
internal sealed class WordsTask : AdaptTask<TaggedSentence>
{
    /// <inheritdoc/>
    public override string Name => "tokens";

    /// <inheritdoc/>
    public override string Summary => "the class of each word (.conllu, or columns with the word first and its label last)";

    internal override IReadOnlyList<string> Metrics => ["span_f1", "accuracy"];

    internal override IReadOnlyList<string> Reads => [nameof(TaskSection.Column), nameof(TaskSection.Labels), nameof(TaskSection.ClassWeights)];

    internal override HeadDescription Describe(TaskData training, TaskSection settings, ModelConfiguration configuration)
    {
        var found = Items(training).SelectMany((sentence, i) => sentence.Words.Select(word => (word.Tag, FormattableString.Invariant($"sentence {i + 1}, word '{word.Form}'"))));
        return new HeadDescription(HeadTask.Words, LabelChoice.Of(found, settings).Names, Place: configuration.IsCausal ? LabelledToken.Last : LabelledToken.First);
    }

    internal override RenderedTask Render(TaskData data, TaskContext context, HeadDescription? head, bool training)
    {
        var sentences = Items(data);
        var weights = training && context.Settings.ClassWeights == ClassWeights.Balanced
            ? LabelSet.Of(sentences.SelectMany(sentence => sentence.Words).Select(word => word.Tag)).BalancedWeights()
            : null;
        return TokenClassificationRendering.Render(sentences, LabelSet.FromNames(head!.Labels), context.Tokenizer, context.MaxTokens, head.Place, weights);
    }

    internal override IObjective Objective(TaskData data, RenderedTask rendered, TaskContext context, HeadObjective? head) => head!;

    internal override TaskMetrics Measure(TaskEvaluator evaluator, MeasuredTask measured, bool intervals, CancellationToken cancellation)
    {
        var labels = LabelSet.FromNames(measured.Head!.Labels);
        var guessed = TaskGuesses.Labels(evaluator.Scores((HeadObjective)measured.Objective, measured.Examples, cancellation), labels);
        var right = TaskGuesses.RightLabels(measured.Examples, labels);
        var metrics = new TaskMetricsBuilder(intervals, cancellation);
        if (SpanF1.IsBio(labels.Names)) metrics.Add("span_f1", guessed, right, SpanF1.Of);
        // Sentences are drawn, not words: those of one sentence are not independent of each other.
        return metrics.Add("accuracy", guessed, right, WordAccuracy).Finish(evaluator.Loss(measured.Objective, measured.Examples, cancellation));
    }

    private protected override IReadOnlyList<TaggedSentence> ReadFile(string file, TaskSection settings)
    {
        var name = file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? file[..^3] : file;
        return name.EndsWith(".conllu", StringComparison.OrdinalIgnoreCase) ? LabelledWords.ReadConllu(file, settings.Column) : LabelledWords.ReadColumns(file);
    }

    private static double WordAccuracy(IReadOnlyList<IReadOnlyList<string>> guessed, IReadOnlyList<IReadOnlyList<string>> right)
    {
        var (same, words) = (0L, 0L);
        for (var i = 0; i < right.Count; i++)
        {
            for (var word = 0; word < right[i].Count; word++) same += guessed[i][word] == right[i][word] ? 1 : 0;
            words += right[i].Count;
        }

        return (double)same / words;
    }
}
