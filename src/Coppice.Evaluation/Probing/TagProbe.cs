using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tokenizers;

namespace Coppice.Evaluation;

/// <summary>
/// How much of the words' labels (parts of speech) can be read off a model that stays as it is: a softmax regression from the last hidden state of the token that holds a
/// word's first letter. It is learned on some sentences and judged on others.
/// </summary>
[Technique("linear-probe", Title = "Understanding intermediate layers using linear classifier probes", Paper = "arXiv:1610.01644")]
public static class TagProbe
{
    /// <summary>Probes a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="train">What the probe learns from.</param>
    /// <param name="test">What it is judged on.</param>
    /// <param name="cancellationToken">Ends it between two sentences.</param>
    /// <exception cref="CoppiceException">There is no word to learn from or to judge, or the model's numbers are not finite.</exception>
    public static TagProbeResult Run(
        LanguageModel model, Tokenizer tokenizer, IReadOnlyList<TaggedSentence> train, IReadOnlyList<TaggedSentence> test, CancellationToken cancellationToken = default)
    {
        var (learned, judged) = (WordStates.Of(model, tokenizer, train, cancellationToken), WordStates.Of(model, tokenizer, test, cancellationToken));
        if (learned.Words.Count == 0 || judged.Words.Count == 0) throw new CoppiceException("there are no words to probe: sentences to learn from and others to judge by are needed");
        string[] tags = [.. learned.Words.Select(word => word.Tag).Distinct().Order(StringComparer.Ordinal)];
        int[] labels = [.. learned.Words.Select(word => Array.BinarySearch(tags, word.Tag, StringComparer.Ordinal))];
        var regression = SoftmaxRegression.Fit(model.Backend, learned.Values, model.Configuration.HiddenSize, labels, tags.Length);
        var guesses = regression.Predict(judged.Values).Select(label => tags[label]);
        var right = judged.Words.Zip(guesses, (word, guess) => word.Tag == guess).ToList();
        return TagProbeResult.Of(learned.Words, judged.Words, judged.Sentences, right);
    }
}
