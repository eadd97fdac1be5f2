using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Inference;
using Coppice.Models;
using Coppice.Tokenizers;

namespace Coppice.Adapters;

/// <summary>How well a model tells classes from demonstrations, without training.</summary>
/// <param name="Accuracy">The share of texts that it labels rightly.</param>
/// <param name="MacroF1">The mean of the classes' F1.</param>
/// <param name="Shots">The mean number of demonstrations that stood before a text: fewer than were asked for where the model's context or the pool has no more.</param>
public sealed record DemonstrationEvaluation(BootstrapInterval Accuracy, BootstrapInterval MacroF1, double Shots)
{
    /// <summary>Measures: each text behind the demonstrations that are nearest to it, by the vectors of the same model (see <see cref="DemonstrationRetriever"/>).</summary>
    /// <param name="model">The model; one that continues texts.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="pool">The labelled texts to take demonstrations from.</param>
    /// <param name="texts">The texts to label, with what is right. One that is in the pool too doesn't see itself.</param>
    /// <param name="shots">Demonstrations of each text, at most; the farthest are left out where the context is too short for all.</param>
    /// <param name="cancellationToken">Ends it between two texts.</param>
    /// <exception cref="CoppiceException">A label is none of the pool's, a text alone is too long, or the model doesn't continue texts.</exception>
    public static DemonstrationEvaluation Measure(
        LanguageModel model, Tokenizer tokenizer, IReadOnlyList<LabelledText> pool, IReadOnlyList<LabelledText> texts, int shots, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(shots);
        using var evaluator = new MultipleChoiceEvaluator(model, tokenizer);
        using var embedder = new TextEmbedder(model, tokenizer);
        var retriever = new DemonstrationRetriever(pool, embedder);
        var (questions, shown) = (new List<MultipleChoiceItem>(), 0L);
        foreach (var text in texts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var nearest = retriever.Nearest(text.Text, text.Pair, shots);
            var question = retriever.Question(text, nearest);
            while (!Fits(question))
            {
                // The nearest stand last.
                nearest = nearest.Count > 0 ? [.. nearest.Skip(1)] : throw new CoppiceException(FormattableString.Invariant($"{text.Where}: the text alone has more than the {model.MaxTokens} tokens that the model reads at once"));
                question = retriever.Question(text, nearest);
            }

            questions.Add(question);
            shown += nearest.Count;
        }

        var guessed = evaluator.Choose(questions, cancellationToken);
        int[] right = [.. questions.Select(question => question.Answer)];
        return new DemonstrationEvaluation(
            BootstrapInterval.Of(guessed, right, Adapters.Accuracy.Of, cancellationToken: cancellationToken),
            BootstrapInterval.Of(guessed, right, Adapters.MacroF1.Of, cancellationToken: cancellationToken), (double)shown / texts.Count);

        bool Fits(MultipleChoiceItem question)
        {
            var ids = new List<int>();
            return question.Choices.All(choice =>
            {
                ids.Clear();
                tokenizer.Encode(question.Prompt + choice, ids);
                return ids.Count + (tokenizer.BeginOfText is null ? 0 : 1) <= model.MaxTokens;
            });
        }
    }
}
