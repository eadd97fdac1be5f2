using Coppice.Foundation;

namespace Coppice.Corpus.Scoring;

/// <summary>
/// Gives each document the probability, by a <see cref="TextClassifier"/>, that it is like the positives, and drops those below a minimum: DCLM's and PreSelect's
/// quality filter, with a classifier of our own. To keep a share instead, switch the minimum off and put <c>keep-share</c> after it.
/// </summary>
public sealed class ClassifierStep : IDocumentStep
{
    /// <summary>The minimum where none is given. DCLM kept what scored above 0.018, about a tenth of the text: a minimum belongs to a classifier.</summary>
    public const double DefaultMinimum = 0.5;

    private const string Rule = "classifier score";
    private readonly Lazy<TextClassifier> _classifier;
    private readonly double? _minimumScore;

    /// <summary>Makes the step.</summary>
    /// <param name="classifier">The classifier.</param>
    /// <param name="minimumScore">The least probability that is kept, or null to only score.</param>
    public ClassifierStep(TextClassifier classifier, double? minimumScore = DefaultMinimum)
        : this(new Lazy<TextClassifier>(classifier), minimumScore)
    {
    }

    private ClassifierStep(Lazy<TextClassifier> classifier, double? minimumScore) => (_classifier, _minimumScore) = (classifier, minimumScore);

    /// <inheritdoc/>
    public string Name => "classifier";

    /// <summary>Makes a step whose classifier is read from a file, or trained on the texts of files when the first document comes.</summary>
    /// <param name="model">A file that <see cref="TextClassifier.Save"/> wrote, or null.</param>
    /// <param name="positive">Files of positives, where there is no model.</param>
    /// <param name="negative">Files of negatives, where there is no model.</param>
    /// <param name="options">How it is trained.</param>
    /// <param name="minimumScore">The least probability that is kept, or null to only score.</param>
    /// <exception cref="CoppiceException">There are both or neither, a model and texts (exit code 2).</exception>
    public static ClassifierStep FromFiles(
        string? model, IReadOnlyList<string> positive, IReadOnlyList<string> negative, TextClassifierOptions options, double? minimumScore = DefaultMinimum)
    {
        var hasTexts = positive.Count > 0 && negative.Count > 0;
        if (model is null ? !hasTexts : positive.Count + negative.Count > 0)
            throw CoppiceException.Usage("classifier: name either a model, or files of positive and of negative texts to train one on");
        return new(new Lazy<TextClassifier>(() => model is null ? Train(positive, negative, options) : TextClassifier.Load(model)), minimumScore);
    }

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin()
    {
        var classifier = _classifier.Value;
        return document =>
        {
            var score = classifier.Score(document.Text);
            Measurement? measured = _minimumScore is { } minimum ? new(Rule, score, minimum) : null;
            return score < _minimumScore ? StepResult.Drop("classifier score too low", measured) : StepResult.Keep(document with { Score = score }, measured);
        };
    }

    private static TextClassifier Train(IReadOnlyList<string> positive, IReadOnlyList<string> negative, TextClassifierOptions options)
    {
        var trainer = new TextClassifierTrainer(options);
        foreach (var document in ReferenceTexts.Read("classifier", positive)) trainer.Add(true, document.Text);
        foreach (var document in ReferenceTexts.Read("classifier", negative)) trainer.Add(false, document.Text);
        return trainer.Train();
    }
}
