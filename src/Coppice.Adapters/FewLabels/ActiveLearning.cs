using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>A text that is worth a label.</summary>
/// <param name="Example">Its number among the unlabelled texts.</param>
/// <param name="Uncertainty">How little the model knows of it: the entropy of the classes, in nats.</param>
public readonly record struct ActivePick(int Example, double Uncertainty);

/// <summary>
/// Which texts are to be labelled next: of those of which the model is least sure, ones that differ from each other and from what is labelled already. Uncertainty alone
/// picks the same hard text many times over, and variety alone texts that the model knows.
/// </summary>
[Technique("active-learning", Title = "Small-Text: Active Learning for Text Classification in Python", Paper = "arXiv:2107.10314")]
[Technique("core-set", Title = "Active Learning for Convolutional Neural Networks: A Core-Set Approach", Paper = "arXiv:1708.00489")]
public static class ActiveLearning
{
    /// <summary>Picks texts: the least sure one first, then always the one that is farthest from all that are labelled or picked.</summary>
    /// <param name="probabilities">What the model says of the unlabelled texts [texts][classes].</param>
    /// <param name="vectors">A vector of each unlabelled text, such as the mean of its hidden states [texts][dimensions]; only their directions count.</param>
    /// <param name="labelled">Vectors of the texts that have a label.</param>
    /// <param name="count">How many to pick; all where there are fewer.</param>
    /// <param name="candidates">For each pick so many of the least sure texts are looked at; 1 for uncertainty alone.</param>
    /// <returns>In the order in which they were picked.</returns>
    /// <exception cref="CoppiceException">A number is out of its range (exit code 2).</exception>
    public static IReadOnlyList<ActivePick> Pick(
        IReadOnlyList<float[]> probabilities, IReadOnlyList<float[]> vectors, IReadOnlyList<float[]> labelled, int count, int candidates = 10)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(vectors.Count, probabilities.Count);
        if (count < 1) throw CoppiceException.Usage("active learning: at least one text is to be picked");
        if (candidates < 1) throw CoppiceException.Usage("active learning: at least one candidate for each pick is needed");
        List<ActivePick> open = [.. probabilities.Select((of, i) => new ActivePick(i, ClassProbabilities.Entropy(of)))
            .OrderByDescending(pick => pick.Uncertainty).ThenBy(pick => pick.Example).Take((int)Math.Min((long)count * candidates, probabilities.Count))];
        double[] nearest = [.. open.Select(pick => labelled.Count == 0 ? 0 : labelled.Max(other => Vectors.Cosine(vectors[pick.Example], other)))];
        var picks = new List<ActivePick>();
        while (picks.Count < count && open.Count > 0)
        {
            // They stand in the order of uncertainty: of equally far ones it is the least sure.
            var best = 0;
            for (var i = 1; i < open.Count && picks.Count > 0; i++)
            {
                if (nearest[i] < nearest[best]) best = i;
            }

            var pick = open[best];
            picks.Add(pick);
            open.RemoveAt(best);
            nearest = [.. nearest.Where((_, i) => i != best)];
            for (var i = 0; i < open.Count; i++)
            {
                var cosine = Vectors.Cosine(vectors[open[i].Example], vectors[pick.Example]);
                nearest[i] = picks.Count == 1 && labelled.Count == 0 ? cosine : Math.Max(nearest[i], cosine);
            }
        }

        return picks;
    }
}
