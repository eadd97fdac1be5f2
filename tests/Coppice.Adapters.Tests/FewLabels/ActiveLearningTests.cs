using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Adapters.Tests;

public sealed class ActiveLearningTests
{
    private static readonly string[] Labels = ["no", "yes"];

    [Fact]
    public void The_least_sure_comes_first_and_then_what_differs_from_it()
    {
        float[][] probabilities = [[0.5f, 0.5f], [0.51f, 0.49f], [0.55f, 0.45f], [1, 0]];
        float[][] vectors = [[1, 0], [1, 0.01f], [0, 1], [1, 0]];
        Assert.Equal([0, 2], Picked(ActiveLearning.Pick(probabilities, vectors, [], 2)));
        // Uncertainty alone takes the twin.
        Assert.Equal([0, 1], Picked(ActiveLearning.Pick(probabilities, vectors, [], 2, candidates: 1)));
        // What is like a labelled one is no more picked than what is like a picked one.
        Assert.Equal([0, 1], Picked(ActiveLearning.Pick(probabilities, vectors, [[0, 1]], 2, candidates: 2)));
        Assert.Equal(Math.Log(2), ActiveLearning.Pick(probabilities, vectors, [], 1)[0].Uncertainty, 1e-6);
        Assert.Equal(4, ActiveLearning.Pick(probabilities, vectors, [], 10).Count);
    }

    [Fact]
    public void A_file_is_filled_in_by_a_person_and_read_back()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("todo.jsonl");
        UnlabelledText[] texts = [new("straße \"1\"", null, "f, line 1"), new("two", "pair", "f, line 2"), new("three", null, "f, line 3")];
        float[][] probabilities = [[0.4f, 0.6f], [0.7f, 0.3f], [1, 0]];
        AnnotationFile.Write(path, texts, [new ActivePick(1, 0.6), new ActivePick(0, 0.5)], Labels, probabilities);
        var lines = File.ReadAllLines(path);
        Assert.Equal(2, lines.Length);
        Assert.Contains("\"guess\":\"no\"", lines[0], StringComparison.Ordinal);
        Assert.Contains("straße", lines[1], StringComparison.Ordinal);
        Assert.Contains("no line has a label yet", Assert.Throws<CoppiceException>(() => AnnotationFile.Read(path)).Message, StringComparison.Ordinal);
        Assert.Contains("is there already", Assert.Throws<CoppiceException>(() => AnnotationFile.Write(path, texts, [], Labels, probabilities)).Message, StringComparison.Ordinal);
        File.WriteAllText(path, string.Join('\n', lines).Replace("\"pair\",\"label\":\"\"", "\"pair\",\"label\":\" yes \"", StringComparison.Ordinal));
        var (labelled, open) = AnnotationFile.Read(path);
        Assert.Equal(1, open);
        Assert.Equal(("two", "pair", "yes"), (labelled[0].Text, labelled[0].Pair, labelled[0].Label));
    }

    private static IEnumerable<int> Picked(IEnumerable<ActivePick> picks) => picks.Select(pick => pick.Example);
}
