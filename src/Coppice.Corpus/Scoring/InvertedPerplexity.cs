using Coppice.Foundation;

namespace Coppice.Corpus.Scoring;

/// <summary>What <see cref="InvertedPerplexity"/> drops.</summary>
public sealed record InvertedPerplexityOptions
{
    /// <summary>Files of the text that is not wanted. One document each: what is held out is whole documents.</summary>
    public required IReadOnlyList<string> Unwanted { get; init; }

    /// <summary>The share of unwanted documents that is to be dropped, from 0 to 1: the threshold is where it catches as many of those that the model did not learn from.</summary>
    public double Caught { get; init; } = 0.95;

    /// <summary>The perplexity from which on documents are kept, instead of one that is measured; null to measure it.</summary>
    public double? MinimumPerplexity { get; init; }

    /// <summary>Documents of fewer words are kept without being judged: a few words are like anything.</summary>
    public int MinimumWords { get; init; } = 20;

    /// <summary>How the model is made.</summary>
    public TextNgramOptions Model { get; init; } = new();
}

/// <summary>
/// Trains an n-gram model on nothing but text that is not wanted and keeps the documents that it finds surprising. Unwanted text is narrow where wanted text is not, so
/// that it needs few examples and knows them by a low perplexity. The paper sets the threshold by hand between two groups; here it may be measured on a tenth of
/// the unwanted documents, which the model does not learn from. Text that repeats itself has a low perplexity under any model: let rules of repetition come first.
/// </summary>
[Technique("inverted-perplexity", Title = "Perplexed by Quality: A Perplexity-based Method for Adult and Harmful Content Detection in Multilingual Heterogeneous Web Data", Paper = "arXiv:2212.10440")]
public sealed class InvertedPerplexity : IDocumentStep
{
    private const int HeldOutShare = 10;
    private const int LeastHeldOut = 10;
    private readonly InvertedPerplexityOptions _options;
    private readonly Lazy<(TextNgramModel Model, double Threshold)> _trained;

    /// <summary>Makes the step. The model is trained when the first document comes.</summary>
    /// <param name="options">What is dropped.</param>
    /// <exception cref="CoppiceException">There is no unwanted text (exit code 2).</exception>
    public InvertedPerplexity(InvertedPerplexityOptions options)
    {
        if (options.Unwanted.Count == 0) throw CoppiceException.Usage("inverted-perplexity: there is no unwanted text; name files of it");
        _options = options;
        _trained = new(Train);
    }

    /// <inheritdoc/>
    public string Name => "inverted-perplexity";

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin()
    {
        var (model, threshold) = _trained.Value;
        return document =>
        {
            var surprise = model.Score(document.Text);
            if (surprise.Words < _options.MinimumWords) return StepResult.Keep(document);
            var measured = new Measurement("perplexity as unwanted text", surprise.Perplexity, threshold);
            return surprise.Perplexity <= threshold ? StepResult.Drop("like unwanted text", measured) : StepResult.Keep(document, measured);
        };
    }

    private (TextNgramModel Model, double Threshold) Train()
    {
        var documents = ReferenceTexts.Read(Name, _options.Unwanted).Select(document => document.Text);
        if (_options.MinimumPerplexity is { } minimum) return (TextNgramModel.Train(documents, _options.Model), minimum);
        // Sorted by a hash, the first are a sample, and equal texts stand together.
        string[] sorted = [.. documents.OrderBy(ContentHash.Of)];
        var heldOut = sorted.Length / HeldOutShare;
        var model = TextNgramModel.Train(sorted.Skip(heldOut), _options.Model);
        double[] perplexities =
        [
            .. sorted.Take(heldOut).Select(text => model.Score(text)).Where(surprise => surprise.Words >= _options.MinimumWords).Select(surprise => surprise.Perplexity).Order(),
        ];
        if (perplexities.Length < LeastHeldOut)
        {
            throw new CoppiceException(
                $"{Name}: {sorted.Length} unwanted documents are too few to measure the threshold on; give {HeldOutShare * LeastHeldOut} of at least {_options.MinimumWords} words, or min_perplexity");
        }

        return (model, perplexities[Math.Max(0, (int)Math.Ceiling(_options.Caught * perplexities.Length) - 1)]);
    }
}
