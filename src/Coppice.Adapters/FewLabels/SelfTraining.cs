using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>How a model's own guesses become labels.</summary>
public sealed record SelfTrainingOptions
{
    /// <summary>Rounds of guessing, and of training on the guesses.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>The least probability of a guess that is believed.</summary>
    public double Threshold { get; init; } = 0.9;

    /// <summary>Whether as many guesses of each class are taken, the most probable ones: without, the class that is guessed most grows from round to round.</summary>
    public bool Balanced { get; init; } = true;

    /// <summary>Refuses options that mean nothing.</summary>
    /// <exception cref="CoppiceException">One is out of its range (exit code 2).</exception>
    internal void Check()
    {
        if (Rounds < 1) throw CoppiceException.Usage("self-training needs at least one round");
        if (!(Threshold is > 0 and <= 1)) throw CoppiceException.Usage(FormattableString.Invariant($"self-training: the threshold is {Threshold}; a probability above 0 is expected"));
    }
}

/// <summary>A guess that is believed.</summary>
/// <param name="Example">The number of the unlabelled example.</param>
/// <param name="Class">The guessed class.</param>
/// <param name="Probability">How probable it was.</param>
public readonly record struct PseudoLabel(int Example, int Class, float Probability);

/// <summary>
/// Self-training: a model trained on the labelled examples guesses the labels of others, the guesses of which it is sure become examples, and it is trained on both from the
/// beginning; and so on. Each round guesses all of the unlabelled examples anew, so that a wrong guess can be taken back.
/// </summary>
[Technique("pseudo-labels", Title = "Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method for Deep Neural Networks", Paper = "ICML 2013 Workshop: Challenges in Representation Learning")]
[Technique("self-training", Title = "LiST: Lite Prompted Self-training Makes Parameter-Efficient Few-shot Learners", Paper = "arXiv:2110.06274")]
public static class SelfTraining
{
    /// <summary>Trains round by round. The last training is on what the last guesses gave; the first one is on labelled texts alone.</summary>
    /// <param name="labelled">Texts with labels.</param>
    /// <param name="unlabelled">Texts without.</param>
    /// <param name="options">Threshold, balance, rounds.</param>
    /// <param name="train">Trains from the beginning: model and adapter are as they were before any training. Told the texts and the number of the round from 0.</param>
    /// <param name="guess">What the trained model says of the unlabelled texts: the names of the classes, and [texts][classes] probabilities.</param>
    /// <param name="round">Told of each round: its number from 1 and the guesses that were believed. Null for nobody.</param>
    /// <returns>The guesses that the last training was on.</returns>
    /// <exception cref="CoppiceException">An option is out of its range, or there is nothing without a label (exit code 2).</exception>
    public static IReadOnlyList<PseudoLabel> Run(
        IReadOnlyList<LabelledText> labelled, IReadOnlyList<UnlabelledText> unlabelled, SelfTrainingOptions options, Action<IReadOnlyList<LabelledText>, int> train,
        Func<IReadOnlyList<UnlabelledText>, (IReadOnlyList<string> Labels, IReadOnlyList<float[]> Probabilities)> guess, Action<int, IReadOnlyList<PseudoLabel>>? round = null)
    {
        options.Check();
        if (unlabelled.Count == 0) throw CoppiceException.Usage("self-training needs texts without labels");
        train(labelled, 0);
        IReadOnlyList<PseudoLabel> guesses = [];
        for (var number = 1; number <= options.Rounds; number++)
        {
            var (labels, probabilities) = guess(unlabelled);
            var found = Select(probabilities, options.Threshold, options.Balanced);
            round?.Invoke(number, found);
            // The same examples as before would give the same model.
            if (found.Count == 0 || Same(found, guesses)) break;
            guesses = found;
            train([.. labelled, .. guesses.Select(label => unlabelled[label.Example].As(labels[label.Class]))], number);
        }

        return guesses;
    }

    /// <summary>Which guesses are believed.</summary>
    /// <param name="probabilities">[examples][classes].</param>
    /// <param name="threshold">The least probability.</param>
    /// <param name="balanced">Whether each class gets as many, as the class with the fewest above the threshold has; one that has none is left out of that.</param>
    /// <returns>In the order of the examples.</returns>
    public static IReadOnlyList<PseudoLabel> Select(IReadOnlyList<float[]> probabilities, double threshold, bool balanced)
    {
        var sure = new List<PseudoLabel>();
        for (var i = 0; i < probabilities.Count; i++)
        {
            var best = ClassProbabilities.Best(probabilities[i]);
            if (probabilities[i][best] >= (float)threshold) sure.Add(new PseudoLabel(i, best, probabilities[i][best]));
        }

        if (!balanced || sure.Count == 0) return sure;
        var classes = sure.GroupBy(guess => guess.Class).ToList();
        var fewest = classes.Min(guesses => guesses.Count());
        return [.. classes.SelectMany(guesses => guesses.OrderByDescending(guess => guess.Probability).ThenBy(guess => guess.Example).Take(fewest)).OrderBy(guess => guess.Example)];
    }

    /// <summary>Whether the same examples have the same classes.</summary>
    private static bool Same(IReadOnlyList<PseudoLabel> now, IReadOnlyList<PseudoLabel> before) =>
        now.Select(guess => (guess.Example, guess.Class)).SequenceEqual(before.Select(guess => (guess.Example, guess.Class)));
}
