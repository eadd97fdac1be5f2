using System.Runtime.InteropServices;
using Coppice.Foundation;

namespace Coppice.Corpus.Scoring;

/// <summary>
/// Tells texts like some from texts like others: logistic regression on the mean of hashed words and n-grams of words. A fastText classifier of two classes computes
/// the same function, a linear one of averaged features, through a product of two matrices; here each feature has its one weight. What DCLM's quality filter and
/// PreSelect's last step are made of.
/// </summary>
/// <remarks>Reading is thread-safe.</remarks>
[Technique("hashed-text-classifier", Title = "Bag of Tricks for Efficient Text Classification", Paper = "arXiv:1607.01759")]
public sealed class TextClassifier
{
    internal const int LeastBucketBits = 8;
    internal const int MostBucketBits = 24;
    internal const int MostWordNgrams = 4;

    private const string Format = "CPCLAS01";
    private const string Kind = "text classifier";
    private readonly float[] _weights;
    private readonly int _bucketBits;
    private readonly int _wordNgrams;
    private readonly Calibration _calibration;

    internal TextClassifier(float[] weights, int bucketBits, int wordNgrams, Calibration calibration, ClassifierQuality quality) =>
        (_weights, _bucketBits, _wordNgrams, _calibration, Quality) = (weights, bucketBits, wordNgrams, calibration, quality);

    /// <summary>How well it did on texts that it did not learn from.</summary>
    public ClassifierQuality Quality { get; }

    /// <summary>Reads a classifier.</summary>
    /// <param name="path">A file that <see cref="Save"/> wrote.</param>
    /// <exception cref="CoppiceException">The file can't be read, is damaged or is no classifier.</exception>
    public static TextClassifier Load(string path) => ModelFile.Read(path, Format, Kind, reader =>
    {
        var (bucketBits, wordNgrams) = (reader.ReadInt32(), reader.ReadInt32());
        if (bucketBits is < LeastBucketBits or > MostBucketBits || wordNgrams is < 1 or > MostWordNgrams) throw new InvalidDataException("Sizes are out of range.");
        var calibration = new Calibration(reader.ReadDouble(), reader.ReadDouble());
        var quality = new ClassifierQuality(reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadDouble(), reader.ReadDouble());
        var weights = new float[1 << bucketBits];
        reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(weights.AsSpan()));
        return new TextClassifier(weights, bucketBits, wordNgrams, calibration, quality);
    });

    /// <summary>Writes the classifier into one file, checksum included.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <exception cref="CoppiceException">The file can't be written.</exception>
    public void Save(string path) => ModelFile.Write(path, Format, writer =>
    {
        writer.Write(_bucketBits);
        writer.Write(_wordNgrams);
        writer.Write(_calibration.Slope);
        writer.Write(_calibration.Intercept);
        writer.Write(Quality.Positives);
        writer.Write(Quality.Negatives);
        writer.Write(Quality.HeldOut);
        writer.Write(Quality.AreaUnderCurve);
        writer.Write(Quality.Accuracy);
        writer.Write(MemoryMarshal.AsBytes(_weights.AsSpan()));
    });

    /// <summary>The probability that a text is one of the positives, if it were as likely to be a negative; 0 for a text without words.</summary>
    /// <param name="text">The text.</param>
    public double Score(ReadOnlySpan<char> text)
    {
        Span<uint> buckets = stackalloc uint[WordFeatures.SliceLength];
        var features = new WordFeatures(text, _wordNgrams, _bucketBits);
        var (sum, count) = (0.0, 0L);
        while (features.Next(buckets) is var found and > 0)
        {
            var slice = 0f;
            foreach (var bucket in buckets[..found]) slice += _weights[bucket];
            sum += slice;
            count += found;
        }

        return count == 0 ? 0 : _calibration.Probability(sum / count);
    }
}

/// <summary>How well a classifier does on texts that it did not learn from.</summary>
/// <param name="Positives">Texts of the one kind that were given.</param>
/// <param name="Negatives">Texts of the other.</param>
/// <param name="HeldOut">How many of both were not learned from; what follows was measured on them.</param>
/// <param name="AreaUnderCurve">The probability that a positive scores higher than a negative (area under the ROC curve): 0.5 is chance.</param>
/// <param name="Accuracy">The share of right answers at a score of 0.5, both kinds counting the same.</param>
public sealed record ClassifierQuality(long Positives, long Negatives, long HeldOut, double AreaUnderCurve, double Accuracy);
