using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Testing;
using Xunit.Abstractions;

namespace Coppice.Adapters.Tests;

/// <summary>
/// Two tasks whose labels can be recovered. In one, texts of a class are made of its own half of the alphabet, of which few texts show few letters. In the other, the class is
/// told by the letter in front (a, b) and by the one behind (y, z): labelled texts have the first alone, and texts to measure on the second alone.
/// </summary>
public sealed class FewLabelTrainingTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose()
    {
        _folder.Dispose();
        _backend.Dispose();
    }

    [Fact]
    public void Own_guesses_teach_what_the_labels_alone_do_not()
    {
        using var @base = TaskExamples.Base(_backend);
        var recipe = Recipe("training.epochs=30");
        var (without, _) = Accuracy(@base, recipe, Halves(6, 0), Halves(100, 2000), new FewLabelSettings());
        var (with, believed) = Accuracy(
            @base, recipe, Halves(6, 0), Halves(100, 2000), new FewLabelSettings { Unlabelled = Halves(200, 100), SelfTraining = new SelfTrainingOptions { Rounds = 2, Threshold = 0.95 } });
        output.WriteLine(FormattableString.Invariant($"{without} by the labels alone, {with} with {believed} guesses"));
        Assert.InRange(believed, 100, 199);
        Assert.InRange(without, 0.6, 0.93);
        Assert.InRange(with, 0.97, 1);
    }

    [Fact]
    public void Versions_that_lack_the_first_sign_teach_the_second()
    {
        using var @base = TaskExamples.Base(_backend);
        var recipe = Recipe("training.epochs=15", "optimizer.learning_rate=0.02");
        var (labelled, test) = (Signs(24, 0, front: true, behind: false), Signs(100, 2000, front: false, behind: true));
        // Half of the tokens of a version are left out, the first sign among them half of the time.
        var settings = new FewLabelSettings { Unlabelled = Signs(200, 100, front: true, behind: true), Consistency = new ConsistencyOptions { Threshold = 0.6 }, AugmentedShare = 0.5 };
        var (without, _) = Accuracy(@base, recipe, labelled, test, new FewLabelSettings());
        var (with, _) = Accuracy(@base, recipe, labelled, test, settings);
        output.WriteLine(FormattableString.Invariant($"{without} by the labels alone, {with} with the others"));
        Assert.InRange(without, 0.3, 0.7);
        Assert.InRange(with, 0.85, 1);
    }

    [Fact]
    public void Guesses_below_the_threshold_change_nothing()
    {
        using var @base = TaskExamples.Base(_backend);
        var notices = new List<string>();
        // Of no text is the model quite sure.
        var sure = new FewLabelSettings { Unlabelled = Halves(20, 100), SelfTraining = new SelfTrainingOptions { Threshold = 1 } };
        float[] expected;
        using (var without = FewLabelTraining.Run(@base, Recipe("training.epochs=2"), Labelled(12), null, new FewLabelSettings())) expected = Values(without.Adaptation);
        using var with = FewLabelTraining.Run(@base, Recipe("training.epochs=2"), Labelled(12), null, sure, notices.Add);
        Assert.Equal(["self-training, round 1: 0 of 20 guesses are believed"], notices);
        Assert.Equal(expected, Values(with.Adaptation));
    }

    [Fact]
    public void A_person_is_asked_for_what_the_model_does_not_know_and_answers_are_trained_on()
    {
        using var @base = TaskExamples.Base(_backend);
        var (labelled, path) = (Labelled(40), _folder.At("todo.jsonl"));
        // Some of one half of the alphabet, which are told, some of both, which can't be, and those that have a label already.
        UnlabelledText[] both = [.. Halves(60, 500).Zip(Halves(61, 700).Skip(1), (one, other) => one with { Text = one.Text[..4] + other.Text[..4] })];
        UnlabelledText[] unlabelled = [.. Halves(40, 0), .. Halves(60, 900), .. both];
        using (var first = FewLabelTraining.Run(@base, Recipe("training.epochs=15"), labelled, null, new FewLabelSettings()))
            Assert.Equal(3, ActiveLearningRound.Write(first.Adaptation, @base, labelled.Items, unlabelled, 3, path));
        var lines = File.ReadAllLines(path);
        Assert.Equal(3, lines.Length);
        Assert.All(DataFile.Read(path), line => Assert.Contains(both, text => text.Text == line.Text("text")));

        // Two are filled in: the third is left out.
        File.WriteAllLines(path, lines.Select((line, i) => i == 1 ? line : line.Replace("\"label\":\"\"", "\"label\":\"no\"", StringComparison.Ordinal)));
        var (answers, open) = AnnotationFile.Read(path);
        Assert.Equal((2, 1), (answers.Count, open));
        using var second = FewLabelTraining.Run(@base, Recipe("training.epochs=1"), labelled, null, new FewLabelSettings { Annotated = answers });
        Assert.Equal(42, second.Adaptation.Examples.Examples.Count);
    }

    [Fact]
    public void A_label_that_no_example_has_is_refused_with_its_place()
    {
        using var @base = TaskExamples.Base(_backend);
        var settings = new FewLabelSettings { Annotated = [new LabelledText("abc", null, "yess", "todo.jsonl, line 2")] };
        var error = Assert.Throws<CoppiceException>(() => FewLabelTraining.Run(@base, Recipe(), Labelled(4), null, settings));
        Assert.Contains("todo.jsonl, line 2: the label 'yess' never occurs in the training data; did you mean 'yes'?", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Own_samples_are_texts_that_a_classifier_finds_to_be_of_their_class()
    {
        using var @base = TaskExamples.Base(_backend);
        var notices = new List<string>();
        var options = new OwnSampleOptions { PerClass = 2, Candidates = 3, Threshold = 0 };
        using var run = FewLabelTraining.Run(@base, Recipe("training.epochs=15"), Labelled(16), null, new FewLabelSettings { OwnSamples = options }, notices.Add);
        var kept = run.Adaptation.Examples.Examples.Count - 16;
        Assert.InRange(kept, 1, 4);
        Assert.StartsWith(FormattableString.Invariant($"own samples: {kept} of "), Assert.Single(notices), StringComparison.Ordinal);
    }

    [Fact]
    public void What_can_not_be_done_is_refused_before_anything_is_read_or_trained()
    {
        var recipe = Recipe($"model.path={TaskExamples.Directory(_folder, _backend)}", "training.threads=1");
        var data = _folder.Write("data.jsonl", string.Concat(Labelled(8).Items.Select(text => $$"""{"text": "{{text.Text}}", "label": "{{text.Label}}"}""" + "\n")));
        recipe = recipe with { Data = recipe.Data with { Train = [data] } };
        var (settings, filled) = (new FewLabelSettings(), _folder.Write("filled.jsonl", "somebody's work"));
        Refused("can't be resumed", recipe, settings, null, resume: true);
        Refused("is there already, perhaps with labels", recipe, settings, new AnnotationRequest(filled, 2, Halves(5, 100)));
        Refused("need texts without labels", recipe, settings with { SelfTraining = new SelfTrainingOptions() }, null);
        Refused("neither was asked for", recipe, settings with { Unlabelled = Halves(5, 100) }, null);
        var scores = _folder.Write("scores.jsonl", string.Concat(Enumerable.Range(0, 8).Select(i => $$"""{"text": "ab", "label": {{i}}}""" + "\n")));
        Refused("and this is regression", recipe with { Task = new TaskSection { Name = "regression" }, Data = recipe.Data with { Train = [scores] } }, settings, null);

        void Refused(string message, AdaptRecipe tried, FewLabelSettings asked, AnnotationRequest? annotation, bool resume = false)
        {
            var request = new AdaptRequest { Recipe = tried, Directory = _folder.At("run"), Resume = resume };
            Assert.Contains(message, Assert.Throws<CoppiceException>(() => FewLabelRun.Execute(request, asked, annotation, [], CancellationToken.None)).Message, StringComparison.Ordinal);
            Assert.False(Directory.Exists(_folder.At("run")));
        }
    }

    /// <summary>The accuracy on other texts, and how many guesses the last training was on.</summary>
    private static (double Accuracy, int Believed) Accuracy(AdaptBase @base, AdaptRecipe recipe, UnlabelledText[] labelled, UnlabelledText[] test, FewLabelSettings settings)
    {
        using var run = FewLabelTraining.Run(@base, recipe, WithLabels(labelled), null, settings);
        return (run.Adaptation.Evaluate(WithLabels(test)).Value, run.Adaptation.Examples.Examples.Count - labelled.Length);
    }

    private static AdaptRecipe Recipe(params string[] keys) =>
        TaskExamples.Recipe("classification", "lora", ["adapter.targets=[all-linear]", "task.pooling=mean", "training.batch_tokens=128", .. keys]);

    private static TaskData<LabelledText> Labelled(int count) => WithLabels(Halves(count, 0));

    private static TaskData<LabelledText> WithLabels(UnlabelledText[] texts) => new([.. texts.Select((text, i) => text.As(i % 2 == 0 ? "yes" : "no"))]);

    private static UnlabelledText[] Halves(int count, int first) => Texts(count, first, (i, random) => Letters(random, i % 2 == 0 ? 'a' : 'm', 12, 8));

    private static UnlabelledText[] Signs(int count, int first, bool front, bool behind) =>
        Texts(count, first, (i, random) => $"{(front ? "ab"[i % 2] : "")}{Letters(random, 'c', 20, 4)}{(behind ? "yz"[i % 2] : "")}");

    private static UnlabelledText[] Texts(int count, int first, Func<int, Philox, string> text) =>
        [.. Enumerable.Range(0, count).Select(i => new UnlabelledText(text(i, new Philox(7, (ulong)(first + i))), null, FormattableString.Invariant($"line {i + 1}")))];

    private static string Letters(Philox random, char from, int different, int count) => string.Concat(Enumerable.Range(0, count).Select(k => (char)(from + random.Integer((ulong)k, different))));

    private static float[] Values(Adaptation adaptation) => [.. new[] { adaptation.Adapter!.Parameters, adaptation.Head!.Parameters }.SelectMany(set =>
    {
        var values = new float[set.Values.Count];
        set.Values.CopyTo(0, values);
        return values;
    })];
}
