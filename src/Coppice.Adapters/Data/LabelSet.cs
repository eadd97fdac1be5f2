using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>The labels that a head tells apart, with their numbers: those that occur in the training data, in the order of their code units.</summary>
public sealed class LabelSet
{
    private readonly string[] _names;
    private readonly int[] _counts;

    private LabelSet(string[] names, int[] counts) => (_names, _counts) = (names, counts);

    /// <summary>The labels by their numbers.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>Gathers the labels of training data.</summary>
    /// <param name="labels">The label of each example.</param>
    /// <exception cref="CoppiceException">There are fewer than two different ones: nothing could be learned.</exception>
    public static LabelSet Of(IEnumerable<string> labels)
    {
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var label in labels) counts[label] = counts.GetValueOrDefault(label) + 1;
        return counts.Count switch
        {
            0 => throw new CoppiceException("there is no label to learn"),
            1 => throw new CoppiceException($"every training example has the label '{counts.Keys.Single()}': there is nothing to tell apart"),
            _ => new LabelSet([.. counts.Keys], [.. counts.Values]),
        };
    }

    /// <summary>The labels that a saved head was trained for, in their order.</summary>
    /// <param name="names">The names, as <see cref="Names"/> gave them.</param>
    /// <exception cref="CoppiceException">They are fewer than two, or not in the order of code units, each once.</exception>
    public static LabelSet FromNames(IReadOnlyList<string> names)
    {
        for (var i = 1; i < names.Count; i++)
        {
            if (string.CompareOrdinal(names[i - 1], names[i]) >= 0) throw new CoppiceException($"the labels '{names[i - 1]}' and '{names[i]}' are not in order: the list of labels was changed");
        }

        return names.Count > 1 ? new LabelSet([.. names], []) : throw new CoppiceException("a head needs at least two labels");
    }

    /// <summary>The number of a label.</summary>
    /// <param name="label">The label.</param>
    /// <param name="where">Where it stands, for the message.</param>
    /// <exception cref="CoppiceException">It never occurs in the training data.</exception>
    public int IndexOf(string label, string where)
    {
        var index = Array.BinarySearch(_names, label, StringComparer.Ordinal);
        return index >= 0 ? index : throw new CoppiceException(
            $"{where}: the label '{label}' never occurs in the training data{NearestName.Hint(label, _names)} (it has: {string.Join(", ", _names.Take(20))}{(_names.Length > 20 ? ", …" : "")})");
    }

    /// <summary>Weights under which each class counts alike in sum, and an example 1 on average: examples / (classes · examples of the class).</summary>
    /// <returns>[classes].</returns>
    /// <exception cref="InvalidOperationException">The set was made of names alone.</exception>
    public float[] BalancedWeights()
    {
        if (_counts.Length == 0) throw new InvalidOperationException("How often labels occur is known of training data alone.");
        double examples = _counts.Sum();
        return [.. _counts.Select(count => (float)(examples / ((double)_counts.Length * count)))];
    }
}
