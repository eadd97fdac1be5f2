using Coppice.Foundation;

namespace Coppice.Corpus.Scoring;

/// <summary>
/// Gives each document its perplexity under an n-gram model of reference text, and drops what lies outside bounds. Low is like the reference; much lower than the
/// reference itself is repetition. To keep a share instead, put <c>keep-share</c> after it: QuRating's baselines prefer low, high or middle.
/// </summary>
public sealed class PerplexityStep : IDocumentStep
{
    private const string Rule = "perplexity";
    private readonly Lazy<TextNgramModel> _model;
    private readonly double? _minimum;
    private readonly double? _maximum;

    /// <summary>Makes the step.</summary>
    /// <param name="model">The model.</param>
    /// <param name="minimum">The lowest perplexity that is kept, or null for none.</param>
    /// <param name="maximum">The highest perplexity that is kept, or null for none.</param>
    public PerplexityStep(TextNgramModel model, double? minimum = null, double? maximum = null)
        : this(new Lazy<TextNgramModel>(model), minimum, maximum)
    {
    }

    private PerplexityStep(Lazy<TextNgramModel> model, double? minimum, double? maximum) => (_model, _minimum, _maximum) = (model, minimum, maximum);

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
            Measurement? low = _minimum is { } minimum ? new(Rule, perplexity, minimum) : null;
            Measurement? high = _maximum is { } maximum ? new(Rule, perplexity, maximum) : null;
            if (perplexity < _minimum) return StepResult.Drop("perplexity too low", low);
            if (perplexity > _maximum) return StepResult.Drop("perplexity too high", high);
            return StepResult.Keep(document with { Score = perplexity }, low is { } a && high is { } b ? (a.Distance < b.Distance ? a : b) : low ?? high);
        };
    }
}
