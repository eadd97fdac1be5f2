using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Adapters.Tests;

public sealed class SelfTrainingTests
{
    private static readonly string[] Labels = ["a", "b"];

    [Fact]
    public void Only_what_is_sure_is_believed_and_each_class_gets_as_many()
    {
        float[][] probabilities = [[0.95f, 0.05f], [0.99f, 0.01f], [0.6f, 0.4f], [0.1f, 0.9f], [0.97f, 0.03f]];
        Assert.Equal([(0, 0), (1, 0), (3, 1), (4, 0)], SelfTraining.Select(probabilities, 0.9, balanced: false).Select(Pair));
        // The surest one of the class with more.
        Assert.Equal([(1, 0), (3, 1)], SelfTraining.Select(probabilities, 0.9, balanced: true).Select(Pair));
        Assert.Empty(SelfTraining.Select(probabilities, 0.999, balanced: true));

        static (int, int) Pair(PseudoLabel label) => (label.Example, label.Class);
    }

    [Fact]
    public void Guesses_of_a_round_are_examples_of_the_next_and_can_be_taken_back()
    {
        // A "model" that puts a bound between the classes, in the middle between the means of what it was trained on.
        LabelledText[] labelled = [new("0", null, "a", "1"), new("20", null, "b", "2")];
        UnlabelledText[] unlabelled = [.. Enumerable.Range(0, 100).Select(i => new UnlabelledText($"{i / 2}", null, "here"))];
        var (bound, trained, seen) = (0.0, new List<int>(), new List<IReadOnlyList<PseudoLabel>>());
        var last = SelfTraining.Run(
            labelled, unlabelled, new SelfTrainingOptions { Rounds = 8, Threshold = 0.7, Balanced = false },
            (texts, round) =>
            {
                Assert.Equal(trained.Count, round);
                trained.Add(texts.Count);
                Assert.Equal(labelled, texts.Take(2));
                bound = Labels.Average(label => texts.Where(text => text.Label == label).Average(text => Number(text.Text)));
            },
            texts => (Labels, [.. texts.Select(text => ClassProbabilities.Softmax([(float)(bound - Number(text.Text)) / 4, 0]))]),
            (_, guesses) => seen.Add(guesses));
        Assert.Equal(2, trained[0]);
        Assert.All(trained.Skip(1), count => Assert.True(count > 2));
        // Numbers up to 49: with two labels the bound was 10, with the others it comes near the middle.
        Assert.InRange(bound, 18, 27);
        Assert.Contains(seen[0], guess => guess.Class == 1 && unlabelled[guess.Example].Text == "15");
        Assert.DoesNotContain(last, guess => guess.Class == 1 && unlabelled[guess.Example].Text == "15");

        static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
    }

    [Fact]
    public void Where_nothing_is_sure_or_nothing_changes_training_ends()
    {
        LabelledText[] labelled = [new("x", null, "a", "1"), new("y", null, "b", "2")];
        UnlabelledText[] unlabelled = [new("z", null, "3")];
        foreach (var (probability, expected) in new[] { (0.5f, 1), (0.95f, 2) })
        {
            var trained = 0;
            SelfTraining.Run(labelled, unlabelled, new SelfTrainingOptions { Rounds = 5 }, (_, _) => trained++, _ => (Labels, [[probability, 1 - probability]]));
            Assert.Equal(expected, trained);
        }

        Assert.Throws<CoppiceException>(() => SelfTraining.Run(labelled, [], new SelfTrainingOptions(), (_, _) => { }, _ => (Labels, [])));
        Assert.Throws<CoppiceException>(() => SelfTraining.Run(labelled, unlabelled, new SelfTrainingOptions { Threshold = 0 }, (_, _) => { }, _ => (Labels, [])));
    }
}
