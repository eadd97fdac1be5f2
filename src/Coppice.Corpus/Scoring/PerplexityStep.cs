using Coppice.Foundation;

namespace Coppice.Corpus.Scoring;

/// <summary>
/// Gives each document its perplexity under an n-gram model of reference text, and drops what lies outside bounds. Low is like the reference; much lower than the
/// reference itself is repetition. To keep a share instead, put <c>keep-share</c> after it: QuRating's baselines prefer low, high or middle.
/// </summary>
public sealed class PerplexityStep : IDocumentStep
{
    private readonly Lazy<TextNgramModel> _model;
    private readonly ScoreBounds _bounds;

    /// <summary>Makes the step.</summary>
    /// <param name="model">The model.</param>
    /// <param name="minimum">The lowest perplexity that is kept, or null for none.</param>
    /// <param name="maximum">The highest perplexity that is kept, or null for none.</param>
    public PerplexityStep(TextNgramModel model, double? minimum = null, double? maximum = null)
        : this(new Lazy<TextNgramModel>(model), minimum, maximum)
    {
    }

    private PerplexityStep(Lazy<TextNgramModel> model, double? minimum, double? maximum) => (_model, _bounds) = (model, new ScoreBounds("perplexity", minimum, maximum));

    /// <inheritdoc/>
    public string Name => "perplexity";

    /// <summary>Makes a step whose model is trained on the texts of files when the first document comes.</summary>
    /// <param name="reference">The files.</param>
    /// <param name="options">How the model is made.</param>
    /// <param name="minimum">The lowest perplexity that is kept, or null for none.</param>
    /// <param name="maximum">The highest perplexity that is kept, or null for none.</param>
    /// <exception cref="CoppiceException">There is no file (exit code 2).</exception>
    public static PerplexityStep FromFiles(IReadOnlyList<string> reference, TextNgramOptions options, double? minimum = null, double? maximum = null)
    {
        if (reference.Count == 0) throw CoppiceException.Usage("perplexity: there is no reference; name files of text to measure by");
        return new(new Lazy<TextNgramModel>(() => TextNgramModel.Train(ReferenceTexts.Read("perplexity", reference).Select(document => document.Text), options)), minimum, maximum);
    }

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin()
    {
        var model = _model.Value;
        return document =>
        {
            var perplexity = model.Score(document.Text).Perplexity;
            return _bounds.Beyond(perplexity) is { } beyond
                ? StepResult.Drop(beyond.Reason, beyond.Measured)
                : StepResult.Keep(document with { Score = perplexity }, _bounds.Nearest(perplexity));
        };
    }
}
