using System.Buffers;
using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Corpus.Selection;

/// <summary>How <see cref="Dsir"/> works.</summary>
public sealed record DsirOptions
{
    /// <summary>Files or folders of text like the text that is wanted.</summary>
    public required IReadOnlyList<string> Target { get; init; }

    /// <summary>The share of the text, in UTF-16 units, that is kept.</summary>
    public double Share { get; init; } = 0.5;

    /// <summary>Buckets that words and word pairs are hashed to.</summary>
    public int Buckets { get; init; } = 10_000;

    /// <summary>Shorter documents are dropped.</summary>
    public int MinimumWords { get; init; } = 100;

    /// <summary>
    /// Weights are brought to those of a text of so many words, which is what the paper cuts its text to: a sum over all n-grams grows with a document's length. 0 leaves the sum as
    /// it is.
    /// </summary>
    public int EqualWords { get; init; } = 128;

    /// <summary>Whether documents are drawn with a probability proportional to their weight, rather than the highest taken.</summary>
    public bool Sample { get; init; } = true;

    /// <summary>The seed of the drawing.</summary>
    public ulong Seed { get; init; }
}

/// <summary>
/// Data selection by importance resampling: documents are drawn without replacement with probabilities proportional to p_target / p_raw, two bag-of-n-gram models over hashed words and word pairs. The
/// published code's variant, but for the hash and for weights of equal length (<see cref="DsirOptions.EqualWords"/>).
/// </summary>
/// <remarks>
/// A sketch is the document's bucket counts: about a byte an n-gram, at most some 20 kB. Earlier documents take no part. log w = Σ_j c_j (ln(p_target,j + 1e-8) − ln(p_raw,j + 1e-8)).
/// </remarks>
[Technique("dsir", Title = "Data Selection for Language Models via Importance Resampling", Paper = "arXiv:2302.03169")]
public sealed class Dsir : ICorpusStep
{
    private const double Smoothing = 1e-8;
    private readonly DsirOptions _options;
    private readonly double[] _logTarget;

    /// <summary>Fits the target's model.</summary>
    /// <param name="options">How it works.</param>
    /// <exception cref="CoppiceException">The target can't be read or holds no text.</exception>
    public Dsir(DsirOptions options)
    {
        if (options.Target.Count == 0) throw CoppiceException.Usage("dsir: there is no target; name files of text like the text that is wanted");
        _options = options;
        _logTarget = LogProbabilities(CountTarget(options));
    }

    /// <inheritdoc/>
    public string Name => "dsir";

    /// <inheritdoc/>
    public string SketchVersion => string.Create(CultureInfo.InvariantCulture, $"dsir 1, {_options.Buckets} buckets");

    /// <inheritdoc/>
    public Action<Document, IBufferWriter<byte>> BeginSketching()
    {
        var ngrams = new HashedNgrams(_options.Buckets);
        return (document, sketch) =>
        {
            ngrams.Count(document.Text);
            BucketCounts.Write(ngrams, (ulong)ContentHash.Of(document.Text), sketch);
        };
    }

    /// <inheritdoc/>
    public void Decide(ISketchedCorpus corpus, IDecisions decisions, CancellationToken cancellation)
    {
        var raw = new long[_options.Buckets];
        foreach (var document in corpus.NewDocuments(cancellation))
        {
            var counts = new BucketCounts(document.Sketch.Span);
            while (counts.Next()) raw[counts.Bucket] += counts.Count;
        }

        var logRaw = LogProbabilities(raw);
        double[] difference = [.. _logTarget.Select((target, bucket) => target - logRaw[bucket])];
        var (indices, lengths, keys) = (new List<long>(), new List<int>(), new List<double>());
        foreach (var document in corpus.NewDocuments(cancellation))
        {
            var (weight, noise, words) = Weigh(document.Sketch.Span, difference);
            if (words < _options.MinimumWords)
            {
                decisions.Drop(document.Index, "too few words to be compared with the target", new Measurement("words", words, _options.MinimumWords));
                continue;
            }

            indices.Add(document.Index);
            lengths.Add(document.Characters);
            keys.Add(weight + (_options.Sample ? noise : 0));
        }

        var (taken, lowest) = Chosen.Highest(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(keys), lengths, _options.Share);
        for (var i = 0; i < taken.Length; i++)
        {
            if (!taken[i]) decisions.Drop(indices[i], "unlike the target text", new Measurement("log importance weight", keys[i], lowest));
        }
    }

    /// <inheritdoc/>
    public StepResult Apply(Document document, ReadOnlySpan<byte> edit) => StepResult.Keep(document);

    private (double Weight, double Noise, long Words) Weigh(ReadOnlySpan<byte> sketch, double[] difference)
    {
        var counts = new BucketCounts(sketch);
        var sum = 0.0;
        while (counts.Next()) sum += counts.Count * difference[counts.Bucket];
        var scale = _options.EqualWords > 0 ? (2 * _options.EqualWords - 1) / (double)Math.Max(1, counts.Total) : 1;
        return (sum * scale, Chosen.Gumbel(_options.Seed, counts.Hash), (counts.Total + 1) / 2);
    }

    private static long[] CountTarget(DsirOptions options)
    {
        var counts = new long[options.Buckets];
        var ngrams = new HashedNgrams(options.Buckets);
        foreach (var document in options.Target.SelectMany(path => new CorpusInput(path).Read(new ReaderOptions(), new CorpusReport())))
        {
            ngrams.Count(document.Text);
            foreach (var bucket in ngrams.Touched) counts[bucket] += ngrams[bucket];
        }

        return counts.Any(count => count > 0) ? counts : throw CoppiceException.Usage($"dsir: {string.Join(", ", options.Target)}: there is no text to be a target");
    }

    private static double[] LogProbabilities(long[] counts)
    {
        var sum = Math.Max(1, counts.Sum());
        return [.. counts.Select(count => Math.Log((double)count / sum + Smoothing))];
    }
}
