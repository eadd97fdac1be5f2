namespace Coppice.Adapters;

/// <summary>How probable each class is by a classifier, from its head's numbers.</summary>
public static class ClassProbabilities
{
    /// <summary>The softmax of each example's numbers.</summary>
    /// <param name="scores">Of <see cref="TaskEvaluator.Scores"/>, for classes of documents: one row for an example.</param>
    /// <returns>[examples][classes].</returns>
    public static IReadOnlyList<float[]> Of(IReadOnlyList<float[][]> scores) => [.. scores.Select(rows => Softmax(rows[0]))];

    /// <summary>The most probable class; of equal ones the first.</summary>
    /// <param name="probabilities">[classes].</param>
    public static int Best(IReadOnlyList<float> probabilities)
    {
        var best = 0;
        for (var i = 1; i < probabilities.Count; i++)
        {
            if (probabilities[i] > probabilities[best]) best = i;
        }

        return best;
    }

    /// <summary>-Σ p log p in nats: 0 where one class is certain, log of the number of classes where none is more probable than another.</summary>
    /// <param name="probabilities">[classes].</param>
    public static double Entropy(IReadOnlyList<float> probabilities) => probabilities.Sum(p => p > 0 ? -p * Math.Log(p) : 0);

    /// <summary>e^x divided by its sum.</summary>
    /// <param name="logits">[classes].</param>
    public static float[] Softmax(IReadOnlyList<float> logits)
    {
        var largest = logits.Max();
        double[] powers = [.. logits.Select(logit => Math.Exp(logit - largest))];
        var sum = powers.Sum();
        return [.. powers.Select(power => (float)(power / sum))];
    }
}
