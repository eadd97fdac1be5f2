using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Coppice.Foundation;

namespace Coppice.Corpus.Scoring;

/// <summary>A third of a language's documents, roughly, by perplexity.</summary>
public enum PerplexityBucket
{
    /// <summary>The most like the reference.</summary>
    Head,

    /// <summary>Between.</summary>
    Middle,

    /// <summary>The least like the reference.</summary>
    Tail,
}

/// <summary>What <see cref="PerplexityBuckets"/> keeps.</summary>
public sealed record PerplexityBucketsOptions
{
    /// <summary>
    /// Files of good text; CCNet's is Wikipedia. Documents that name their language make a model of each language; others one for all documents whose language has none.
    /// </summary>
    public required IReadOnlyList<string> Reference { get; init; }

    /// <summary>The buckets to keep.</summary>
    public IReadOnlyList<PerplexityBucket> Keep { get; init; } = [PerplexityBucket.Head, PerplexityBucket.Middle];

    /// <summary>The share of a language's documents in the head.</summary>
    public double Head { get; init; } = 0.3;

    /// <summary>The share of a language's documents in head and middle together.</summary>
    public double Middle { get; init; } = 0.6;

    /// <summary>How models are made.</summary>
    public TextNgramOptions Model { get; init; } = new();
}

/// <summary>
/// Divides the documents of each language into head, middle and tail by their perplexity under a model of good text, as CCNet does at the 30th and 60th percentile;
/// with words for SentencePiece tokens. Kept documents have the perplexity as their score. A document in a language without a model is kept as it is.
/// </summary>
[Technique("perplexity-buckets", Title = "CCNet: Extracting High Quality Monolingual Datasets from Web Crawl Data", Paper = "arXiv:1911.00359")]
public sealed class PerplexityBuckets : ICorpusStep
{
    private const string AnyLanguage = "";
    private readonly PerplexityBucketsOptions _options;
    private readonly Lazy<Dictionary<string, TextNgramModel>> _models;
    private readonly Lazy<string> _referenceChecksum;

    /// <summary>Makes the step. Models are trained when the first document comes.</summary>
    /// <param name="options">What is kept.</param>
    /// <exception cref="CoppiceException">There is no reference, or the shares are not in order (exit code 2).</exception>
    public PerplexityBuckets(PerplexityBucketsOptions options)
    {
        if (options.Reference.Count == 0) throw CoppiceException.Usage("perplexity-buckets: there is no reference; name files of good text");
        if (!(options.Head >= 0 && options.Head <= options.Middle && options.Middle <= 1))
            throw CoppiceException.Usage("perplexity-buckets: head and middle must be shares with head at most as large as middle, such as 0.3 and 0.6");
        _options = options;
        _models = new(Train);
        _referenceChecksum = new(() => Checksum.Of(string.Join(' ', options.Reference.Select(Checksum.OfFile))));
    }

    /// <inheritdoc/>
    public string Name => "perplexity-buckets";

    /// <inheritdoc/>
    public string SketchVersion => $"1 {_options.Model.Order} {_options.Model.MaximumWords} {_referenceChecksum.Value}";

    /// <inheritdoc/>
    public Action<Document, IBufferWriter<byte>> BeginSketching()
    {
        var models = _models.Value;
        return (document, sketch) =>
        {
            var language = document.Language ?? AnyLanguage;
            var perplexity = (models.GetValueOrDefault(language) ?? models.GetValueOrDefault(AnyLanguage))?.Score(document.Text).Perplexity ?? double.NaN;
            BinaryPrimitives.WriteDoubleLittleEndian(sketch.GetSpan(sizeof(double)), perplexity);
            sketch.Advance(sizeof(double));
            Encoding.UTF8.GetBytes(language, sketch);
        };
    }

    /// <inheritdoc/>
    public void Decide(ISketchedCorpus corpus, IDecisions decisions, CancellationToken cancellation)
    {
        // Percentiles are of all documents, so that they move little from one build to the next.
        var perplexities = new Dictionary<string, List<double>>();
        foreach (var (_, language, perplexity) in Read(corpus, cancellation))
        {
            if (!perplexities.TryGetValue(language, out var list)) perplexities[language] = list = [];
            list.Add(perplexity);
        }

        var bounds = perplexities.ToDictionary(language => language.Key, language =>
        {
            language.Value.Sort();
            return (Head: Quantile(language.Value, _options.Head), Middle: Quantile(language.Value, _options.Middle));
        });
        var edit = new byte[sizeof(double)];
        foreach (var (document, language, perplexity) in Read(corpus, cancellation))
        {
            if (document.IsEarlier) continue;
            var (head, middle) = bounds[language];
            var bucket = perplexity <= head ? PerplexityBucket.Head : perplexity <= middle ? PerplexityBucket.Middle : PerplexityBucket.Tail;
            if (_options.Keep.Contains(bucket))
            {
                BinaryPrimitives.WriteDoubleLittleEndian(edit, perplexity);
                decisions.Edit(document.Index, edit);
            }
            else
            {
                decisions.Drop(document.Index, ReasonFor(bucket), new Measurement("perplexity", perplexity, bucket == PerplexityBucket.Head ? head : middle));
            }
        }
    }

    /// <inheritdoc/>
    public StepResult Apply(Document document, ReadOnlySpan<byte> edit) => StepResult.Keep(document with { Score = BinaryPrimitives.ReadDoubleLittleEndian(edit) });

    private static IEnumerable<(SketchedDocument Document, string Language, double Perplexity)> Read(ISketchedCorpus corpus, CancellationToken cancellation)
    {
        foreach (var document in corpus.Documents)
        {
            cancellation.ThrowIfCancellationRequested();
            var perplexity = BinaryPrimitives.ReadDoubleLittleEndian(document.Sketch.Span);
            if (!double.IsNaN(perplexity)) yield return (document, Encoding.UTF8.GetString(document.Sketch.Span[sizeof(double)..]), perplexity);
        }
    }

    // The largest value among the lowest share; below every value where that is none.
    private static double Quantile(List<double> sorted, double share) =>
        Math.Min(sorted.Count, (int)Math.Round(share * sorted.Count)) is var count and > 0 ? sorted[count - 1] : double.NegativeInfinity;

    private static string ReasonFor(PerplexityBucket bucket) => bucket switch
    {
        PerplexityBucket.Head => "in the head by perplexity",
        PerplexityBucket.Middle => "in the middle by perplexity",
        _ => "in the tail by perplexity",
    };

    private Dictionary<string, TextNgramModel> Train() => ReferenceTexts.Read(Name, _options.Reference)
        .GroupBy(document => document.Language ?? AnyLanguage, document => document.Text)
        .ToDictionary(language => language.Key, language => TextNgramModel.Train(language, _options.Model));
}
