using Coppice.Foundation;

namespace Coppice.Corpus.Scoring;

/// <summary>How a <see cref="TextClassifier"/> is made.</summary>
public sealed record TextClassifierOptions
{
    /// <summary>Two to this power is the number of buckets that words and n-grams are hashed into, 8 to 24; each has a weight of 4 bytes.</summary>
    public int BucketBits { get; init; } = 18;

    /// <summary>Words of the longest n-gram, 1 to 4. PreSelect's is 2, DCLM's 1.</summary>
    public int WordNgrams { get; init; } = 2;

    /// <summary>How often each text is learned from.</summary>
    public int Epochs { get; init; } = 5;

    /// <summary>The step size at the start, which falls to 0 in a straight line; steps are divided by the root of a weight's squared gradients so far (Adagrad).</summary>
    public double LearningRate { get; init; } = 8;

    /// <summary>No more words of a text than these are learned from: bounds the memory, 8 bytes a word.</summary>
    public int MaximumWords { get; init; } = 2_000;
}

/// <summary>
/// Makes a <see cref="TextClassifier"/> from texts of two kinds. A tenth of each kind, chosen by a hash of the text, is held out: probabilities are fitted on it and
/// quality is measured. Both kinds count the same in all, however many texts each has. The order in which texts are added makes no difference.
/// </summary>
public sealed class TextClassifierTrainer
{
    /// <summary>The least number of texts of each kind.</summary>
    public const int LeastTexts = 20;

    private const int HeldOutShare = 10;
    private const ulong OrderOfTexts = 0x434C415353;

    private readonly TextClassifierOptions _options;
    private readonly List<Example> _examples = [];

    /// <summary>Starts without texts.</summary>
    /// <param name="options">How the classifier is made.</param>
    /// <exception cref="CoppiceException">An option is out of range.</exception>
    public TextClassifierTrainer(TextClassifierOptions? options = null)
    {
        _options = options ?? new();
        if (_options.BucketBits is < TextClassifier.LeastBucketBits or > TextClassifier.MostBucketBits)
            throw CoppiceException.Usage($"text classifier: bucket bits are {_options.BucketBits}; give {TextClassifier.LeastBucketBits} to {TextClassifier.MostBucketBits}");
        if (_options.WordNgrams is < 1 or > TextClassifier.MostWordNgrams)
            throw CoppiceException.Usage($"text classifier: word n-grams are of {_options.WordNgrams} words; give 1 to {TextClassifier.MostWordNgrams}");
        if (_options.Epochs < 1 || _options.MaximumWords < 1 || !(_options.LearningRate > 0))
            throw CoppiceException.Usage("text classifier: epochs, the most words and the learning rate must be above 0");
    }

    /// <summary>Adds a text. One without words is left out.</summary>
    /// <param name="isPositive">Its kind: true for what scores high.</param>
    /// <param name="text">The text.</param>
    public void Add(bool isPositive, string text)
    {
        var features = new WordFeatures(text, _options.WordNgrams, _options.BucketBits);
        Span<uint> slice = stackalloc uint[WordFeatures.SliceLength];
        var buckets = new List<uint>();
        while (buckets.Count < _options.MaximumWords * _options.WordNgrams && features.Next(slice) is var found and > 0) buckets.AddRange(slice[..found]);
        if (buckets.Count > 0) _examples.Add(new Example(ContentHash.Of(text), isPositive, [.. buckets]));
    }

    /// <summary>Makes the classifier of what was added.</summary>
    /// <param name="cancellation">Stops between two texts.</param>
    /// <exception cref="CoppiceException">There are fewer than <see cref="LeastTexts"/> texts of a kind.</exception>
    public TextClassifier Train(CancellationToken cancellation = default)
    {
        var (positives, negatives) = (OfKind(true), OfKind(false));
        Example[] heldOut = [.. positives[..(positives.Length / HeldOutShare)], .. negatives[..(negatives.Length / HeldOutShare)]];
        var weights = Fit(positives[(positives.Length / HeldOutShare)..], negatives[(negatives.Length / HeldOutShare)..], cancellation);
        double[] scores = [.. heldOut.Select(example => MeanWeight(weights, example.Buckets))];
        bool[] kinds = [.. heldOut.Select(example => example.IsPositive)];
        var calibration = Calibration.Fit(scores, kinds);
        var accuracy = new[] { true, false }.Average(kind => scores.Where((_, i) => kinds[i] == kind).Average(score => calibration.Probability(score) >= 0.5 == kind ? 1.0 : 0.0));
        var quality = new ClassifierQuality(positives.Length, negatives.Length, heldOut.Length, AreaUnderCurve(scores, kinds), accuracy);
        return new TextClassifier(weights, _options.BucketBits, _options.WordNgrams, calibration, quality);
    }

    private Example[] OfKind(bool isPositive)
    {
        // Sorted by a hash, the first are a sample, and equal texts stand together.
        Example[] examples = [.. _examples.Where(example => example.IsPositive == isPositive).OrderBy(example => example.Hash)];
        return examples.Length >= LeastTexts ? examples
            : throw new CoppiceException($"text classifier: {examples.Length} {(isPositive ? "positive" : "negative")} texts with words; give at least {LeastTexts} of each kind");
    }

    private float[] Fit(Example[] positives, Example[] negatives, CancellationToken cancellation)
    {
        var weights = new float[1 << _options.BucketBits];
        var squares = new float[weights.Length];
        Example[] examples = [.. positives, .. negatives];
        var steps = (double)examples.Length * _options.Epochs;
        for (var epoch = 0; epoch < _options.Epochs; epoch++)
        {
            var order = new KeyedPermutation(examples.Length, OrderOfTexts + (ulong)epoch);
            for (var i = 0; i < examples.Length; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                var example = examples[order[i]];
                var share = example.IsPositive ? positives.Length : negatives.Length;
                // Of the logistic loss with respect to the score: p - y, with both kinds weighing the same.
                var probability = 1 / (1 + Math.Exp(-MeanWeight(weights, example.Buckets)));
                var gradient = (float)((probability - (example.IsPositive ? 1 : 0)) * examples.Length / (2.0 * share) / example.Buckets.Length);
                var rate = (float)(_options.LearningRate * (1 - (epoch * (double)examples.Length + i) / steps));
                foreach (var bucket in example.Buckets)
                {
                    squares[bucket] += gradient * gradient;
                    weights[bucket] -= rate * gradient / (MathF.Sqrt(squares[bucket]) + 1e-8f);
                }
            }
        }

        return weights;
    }

    private static double MeanWeight(float[] weights, uint[] buckets)
    {
        var sum = 0.0;
        foreach (var bucket in buckets) sum += weights[bucket];
        return sum / buckets.Length;
    }

    // By ranks (Mann and Whitney), equal scores sharing theirs.
    private static double AreaUnderCurve(double[] scores, bool[] isPositive)
    {
        var sorted = scores.Zip(isPositive).OrderBy(pair => pair.First).ToList();
        var (ranks, positives) = (0.0, 0L);
        for (var i = 0; i < sorted.Count;)
        {
            var end = i;
            while (end < sorted.Count && sorted[end].First == sorted[i].First) end++;
            var here = sorted[i..end].Count(pair => pair.Second);
            ranks += here * ((i + 1 + end) / 2.0);
            positives += here;
            i = end;
        }

        return (ranks - positives * (positives + 1) / 2.0) / (positives * (double)(sorted.Count - positives));
    }

    private sealed record Example(UInt128 Hash, bool IsPositive, uint[] Buckets);
}
