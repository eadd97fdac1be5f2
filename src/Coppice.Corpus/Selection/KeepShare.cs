using System.Buffers;
using Coppice.Foundation;

namespace Coppice.Corpus.Selection;

/// <summary>Which documents <see cref="KeepShare"/> prefers.</summary>
public enum ScorePreference
{
    /// <summary>Those with high scores.</summary>
    High,

    /// <summary>Those with low scores.</summary>
    Low,

    /// <summary>Those nearest to the median.</summary>
    Middle,
}

/// <summary>
/// Keeps a share of the text by the score that an earlier step gave the documents. With a temperature, documents are drawn without replacement with probabilities proportional to
/// e^(score/temperature), scores in standard deviations: QuRating's sampling, which kept more variety than taking the best did.
/// </summary>
/// <param name="share">The share of the text, in UTF-16 units, that is kept.</param>
/// <param name="prefer">Which documents.</param>
/// <param name="temperature">0 takes the best.</param>
/// <param name="seed">The seed of the drawing.</param>
[Technique("score-sampling", Title = "QuRating: Selecting High-Quality Data for Training Language Models", Paper = "arXiv:2402.09739")]
public sealed class KeepShare(double share, ScorePreference prefer = ScorePreference.High, double temperature = 0, ulong seed = 0) : ICorpusStep
{
    /// <inheritdoc/>
    public string Name => "keep-share";

    /// <inheritdoc/>
    public string SketchVersion => "content hash 1";

    /// <inheritdoc/>
    public Action<Document, IBufferWriter<byte>> BeginSketching() => (document, sketch) => sketch.WriteFixed((ulong)ContentHash.Of(document.Text));

    /// <inheritdoc/>
    public void Decide(ISketchedCorpus corpus, IDecisions decisions, CancellationToken cancellation)
    {
        var scored = ScoredDocuments.Read(corpus, Name, cancellation, document =>
        {
            var sketch = document.Sketch.Span;
            return Chosen.Gumbel(seed, SketchNumbers.ReadFixed(ref sketch));
        });
        var keys = Standardised(scored.Scores);
        if (prefer == ScorePreference.Middle)
        {
            double[] sorted = [.. keys.Order()];
            var median = sorted.Length == 0 ? 0 : sorted[sorted.Length / 2];
            for (var i = 0; i < keys.Length; i++) keys[i] = -Math.Abs(keys[i] - median);
        }
        else if (prefer == ScorePreference.Low)
        {
            for (var i = 0; i < keys.Length; i++) keys[i] = -keys[i];
        }

        for (var i = 0; temperature > 0 && i < keys.Length; i++) keys[i] = keys[i] / temperature + scored.Noise[i];
        var (taken, lowest) = Chosen.Highest(keys, scored.Lengths, share);
        for (var i = 0; i < taken.Length; i++)
        {
            if (!taken[i]) decisions.Drop(scored.Indices[i], "outside the share that is kept by score", new Measurement("preference by score", keys[i], lowest));
        }
    }

    /// <inheritdoc/>
    public StepResult Apply(Document document, ReadOnlySpan<byte> edit) => StepResult.Keep(document);

    private static double[] Standardised(List<double> scores)
    {
        if (scores.Count == 0) return [];
        var mean = scores.Average();
        var deviation = Math.Sqrt(scores.Sum(score => (score - mean) * (score - mean)) / scores.Count);
        return [.. scores.Select(score => deviation > 0 ? (score - mean) / deviation : 0)];
    }
}

/// <summary>The new documents of a corpus with their scores.</summary>
internal sealed class ScoredDocuments
{
    public List<long> Indices { get; } = [];

    public List<int> Lengths { get; } = [];

    public List<double> Scores { get; } = [];

    public List<double> Noise { get; } = [];

    /// <summary>Reads them.</summary>
    /// <exception cref="CoppiceException">A document has no score.</exception>
    public static ScoredDocuments Read(ISketchedCorpus corpus, string step, CancellationToken cancellation, Func<SketchedDocument, double>? noise = null)
    {
        var scored = new ScoredDocuments();
        foreach (var document in corpus.NewDocuments(cancellation))
        {
            if (document.Score is not { } score || double.IsNaN(score)) throw CoppiceException.Usage($"{step}: a document has no score; put a step that scores before this one");
            scored.Indices.Add(document.Index);
            scored.Lengths.Add(document.Characters);
            scored.Scores.Add(score);
            if (noise is not null) scored.Noise.Add(noise(document));
        }

        return scored;
    }
}
