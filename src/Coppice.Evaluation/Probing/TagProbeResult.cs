using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Evaluation;

/// <summary>How many of a sentence's words a probe labelled right.</summary>
/// <param name="Words">Its words.</param>
/// <param name="Right">The right ones.</param>
public readonly record struct TaggedCount(int Words, int Right);

/// <summary>What <see cref="TagProbe"/> measured.</summary>
/// <param name="TrainWords">Words that the probe learned from.</param>
/// <param name="Words">Words that it was judged on.</param>
/// <param name="Accuracy">The share of those that it labelled right.</param>
/// <param name="Low">The lower end of the 95 % interval of the accuracy, from sentences drawn anew with replacement.</param>
/// <param name="High">The upper end.</param>
/// <param name="Lexicon">What a list of the learned words would get right: each with its most frequent label there, the most frequent of all for others.</param>
/// <param name="Tags">By label, in the order of the names.</param>
/// <param name="Sentences">Sentence by sentence.</param>
public sealed record TagProbeResult(
    int TrainWords, int Words, double Accuracy, double Low, double High, double Lexicon, IReadOnlyDictionary<string, TaggedCount> Tags, IReadOnlyList<TaggedCount> Sentences)
{
    private const int Resamples = 1000;
    private const double Tail = 0.025;

    /// <summary>How much more than another the model of this probe gets right, on the same sentences.</summary>
    /// <param name="before">The other's.</param>
    /// <returns>The difference of the accuracies with the ends of its 95 % interval, from sentences drawn anew with replacement.</returns>
    /// <exception cref="CoppiceException">The sentences are not the same.</exception>
    public (double Difference, double Low, double High) Against(TagProbeResult before)
    {
        if (!Sentences.Select(sentence => sentence.Words).SequenceEqual(before.Sentences.Select(sentence => sentence.Words)))
            throw new CoppiceException("two models are compared on the same sentences, and these are others: their tokenizers left out different ones");
        var (low, high) = Interval([.. Sentences.Zip(before.Sentences, (now, then) => new TaggedCount(now.Words, now.Right - then.Right))]);
        return (Accuracy - before.Accuracy, low, high);
    }

    /// <summary>Sums up.</summary>
    /// <param name="learned">The words that were learned from.</param>
    /// <param name="judged">Those that were judged.</param>
    /// <param name="sentences">The number of each judged word's sentence.</param>
    /// <param name="right">Whether each was labelled right.</param>
    internal static TagProbeResult Of(IReadOnlyList<TaggedWord> learned, IReadOnlyList<TaggedWord> judged, IReadOnlyList<int> sentences, IReadOnlyList<bool> right)
    {
        var all = judged.Select((word, i) => (word.Tag, Sentence: sentences[i], Right: right[i])).ToList();
        List<TaggedCount> bySentence = [.. all.GroupBy(word => word.Sentence).Select(sentence => Count(sentence.Select(word => word.Right)))];
        var tags = new SortedDictionary<string, TaggedCount>(StringComparer.Ordinal);
        foreach (var tag in all.GroupBy(word => word.Tag)) tags[tag.Key] = Count(tag.Select(word => word.Right));
        var (low, high) = Interval(bySentence);
        var usual = MostFrequent(learned);
        var known = learned.GroupBy(word => word.Form).ToDictionary(form => form.Key, MostFrequent, StringComparer.Ordinal);
        return new TagProbeResult(
            learned.Count, judged.Count, Share(right.Count(isRight => isRight), right.Count), low, high,
            Share(judged.Count(word => known.GetValueOrDefault(word.Form, usual) == word.Tag), judged.Count), tags, bySentence);
    }

    private static TaggedCount Count(IEnumerable<bool> right)
    {
        var (words, rights) = (0, 0);
        foreach (var one in right) (words, rights) = (words + 1, rights + (one ? 1 : 0));
        return new TaggedCount(words, rights);
    }

    private static string MostFrequent(IEnumerable<TaggedWord> words) => words.CountBy(word => word.Tag).OrderByDescending(count => count.Value).ThenBy(count => count.Key, StringComparer.Ordinal).First().Key;

    private static double Share(long right, long words) => (double)right / words;

    private static (double Low, double High) Interval(List<TaggedCount> sentences)
    {
        var shares = new double[Resamples];
        for (var resample = 0; resample < Resamples; resample++)
        {
            var random = new Philox(0, (ulong)resample);
            var (words, right) = (0L, 0L);
            for (var i = 0; i < sentences.Count; i++)
            {
                var drawn = sentences[random.Integer((ulong)i, sentences.Count)];
                (words, right) = (words + drawn.Words, right + drawn.Right);
            }

            shares[resample] = Share(right, words);
        }

        Array.Sort(shares);
        var cut = (int)(Tail * Resamples);
        return (shares[cut], shares[^(cut + 1)]);
    }
}
