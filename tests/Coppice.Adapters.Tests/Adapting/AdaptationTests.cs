using Coppice.Adapters.Methods;
using Coppice.Foundation;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Training.Metrics;

namespace Coppice.Adapters.Tests;

public sealed class AdaptationTests : IDisposable
{
    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    [Theory]
    [InlineData("llama", "lora", 12)]
    [InlineData("llama", "full", 12)]
    [InlineData("bert", "lora", 40)]
    [InlineData("gpt2", "bitfit", 12)]
    public void A_class_is_learned_and_the_base_stays_as_it_is(string architecture, string method, int epochs)
    {
        using var @base = TaskExamples.Base(_backend, architecture);
        var before = Values(@base.Model.Parameters);
        var recipe = TaskExamples.Recipe("classification", method, $"training.epochs={epochs}");
        using var adaptation = Adaptation.Prepare(@base, recipe, TaskExamples.Texts(24), TaskExamples.Texts(12, first: 100));
        Assert.Equal(6 * epochs, adaptation.TotalSteps);
        var result = adaptation.Train();
        Assert.Equal((6L * epochs, false, false), (result.Steps, result.StoppedEarly, result.Interrupted));
        Assert.True(result.Validation!.Value > 0.9, $"{result.Validation.Primary} {result.Validation.Value}");
        Assert.Equal(before, Values(@base.Model.Parameters));
        Assert.Equal(result.Validation.Value, adaptation.Evaluate(TaskExamples.Texts(12, first: 100)).Value);
    }

    [Theory]
    [InlineData("sft", "loss")]
    [InlineData("chat", "loss")]
    [InlineData("classification", "accuracy")]
    [InlineData("pairs", "accuracy")]
    [InlineData("tokens", "span_f1")]
    [InlineData("regression", "spearman")]
    [InlineData("choice", "accuracy")]
    [InlineData("dpo", "accuracy")]
    [InlineData("ipo", "accuracy")]
    [InlineData("simpo", "accuracy")]
    [InlineData("orpo", "accuracy")]
    [InlineData("kto", "accuracy")]
    public void Every_task_trains_an_adapter_and_is_measured(string task, string metric)
    {
        using var @base = TaskExamples.Base(_backend);
        var seen = new Events();
        using var adaptation = Adaptation.Prepare(@base, TaskExamples.Recipe(task, "lora", "training.epochs=8"), TaskExamples.Of(task), TaskExamples.Of(task, 8));
        var before = adaptation.Evaluate(TaskExamples.Of(task, 8));
        var result = adaptation.Train([seen]);
        Assert.Equal(metric, result.Validation!.Primary);
        Assert.Equal(8, seen.Seen.OfType<EvaluationMetrics>().Count());
        var interval = result.Validation.Values[metric];
        Assert.True(interval.Low <= interval.Value && interval.Value <= interval.High);
        Assert.True(result.Validation.Loss < before.Loss, $"{before.Loss} before, {result.Validation.Loss} after");
    }

    [Fact]
    public void Numbers_of_any_size_are_learned()
    {
        using var @base = TaskExamples.Base(_backend);
        using var adaptation = Adaptation.Prepare(@base, TaskExamples.Recipe("regression", "lora", "training.epochs=20"), TaskExamples.Of("regression", 24), TaskExamples.Of("regression"));
        var result = adaptation.Train();
        Assert.True(result.Validation!.Values["rmse"].Value < 40, $"{result.Validation.Values["rmse"]}");
    }

    [Fact]
    public void Training_ends_when_nothing_gets_better_and_the_best_weights_are_in_place()
    {
        using var @base = TaskExamples.Base(_backend);
        // A learning rate that throws the weights about, measured often.
        var recipe = TaskExamples.Recipe("classification", "lora", "training.epochs=50", "training.patience=3", "training.metric=loss", "optimizer.learning_rate=0.5", "training.evaluate_every=2");
        var seen = new Events();
        using var adaptation = Adaptation.Prepare(@base, recipe, TaskExamples.Texts(16), TaskExamples.Texts(10, first: 50));
        var result = adaptation.Train([seen]);
        Assert.True(result is { StoppedEarly: true, Interrupted: false } && result.Steps < adaptation.TotalSteps);
        var measured = seen.Seen.OfType<EvaluationMetrics>().ToList();
        var best = measured.MinBy(measurement => measurement.Loss)!;
        Assert.Equal(best.Step, result.BestStep);
        Assert.Equal(best.Loss, result.Validation!.Loss);
        Assert.Equal(best.Step + 6, result.Steps);
    }

    [Fact]
    public void The_same_recipe_gives_the_same_values_whatever_the_threads_and_the_recomputation()
    {
        float[] Train(int threads, string recompute)
        {
            using var backend = Backends.Create(threads);
            using var @base = TaskExamples.Base(backend);
            using var adaptation = Adaptation.Prepare(@base, TaskExamples.Recipe("classification", "lora", recompute), TaskExamples.Texts(12));
            adaptation.Train();
            return [.. Values(adaptation.Adapter!.Parameters), .. Values(adaptation.Head!.Parameters)];
        }

        var expected = Train(1, "training.recompute=false");
        Assert.Equal(expected, Train(2, "training.recompute=false"));
        Assert.Equal(expected, Train(2, "training.recompute=true"));
    }

    [Fact]
    public void Labels_that_never_occur_are_refused_before_training()
    {
        using var @base = TaskExamples.Base(_backend);
        Refused("line 3: the label 'maybe' never occurs in the training data", [], TaskExamples.Texts(4), Labelled("yes", "no", "maybe"));
        Refused("line 2: the label 'no' is not one of task.labels", ["task.labels=[yes, nein]"], TaskExamples.Texts(4));
        Refused("task.labels: 'maybe' never occurs in the training data", ["task.labels=[yes, no, maybe]"], TaskExamples.Texts(4));
        Refused("nothing to tell apart", [], Labelled("yes", "yes"));
        Refused("fits into 2 tokens", ["training.max_tokens=2"], TaskExamples.Of("sft"), task: "sft");

        void Refused(string message, string[] keys, TaskData training, TaskData? validation = null, string task = "classification") =>
            Assert.Contains(message, Assert.Throws<CoppiceException>(() => Adaptation.Prepare(@base, TaskExamples.Recipe(task, "lora", keys), training, validation)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_share_of_each_class_is_kept_to_measure_on()
    {
        var data = Labelled([.. Enumerable.Repeat("common", 90), .. Enumerable.Repeat("rare", 10)]);
        var (training, validation) = data.Split(0.2, seed: 5);
        Assert.Equal((80, 20), (training.Count, validation.Count));
        Assert.Equal(2, ((TaskData<LabelledText>)validation).Items.Count(text => text.Label == "rare"));
        Assert.Equal(Wheres(data), Wheres(training).Concat(Wheres(validation)).Order());
        Assert.NotEqual(Wheres(validation), Wheres(data.Split(0.2, seed: 6).Validation));
        Assert.Equal((1, 1), (Labelled("a", "b").Split(0.01, 1).Training.Count, Labelled("a", "b").Split(0.99, 1).Validation.Count));

        static IEnumerable<string> Wheres(TaskData data) => ((TaskData<LabelledText>)data).Items.Select(text => text.Where).Order();
    }

    [Fact]
    public void Another_objective_can_take_the_tasks_place_in_training()
    {
        using var @base = TaskExamples.Base(_backend);
        var numbers = new List<ulong>();
        using var adaptation = Adaptation.Prepare(
            @base, TaskExamples.Recipe("classification", "lora", "training.epochs=1"), TaskExamples.Texts(8), wrap: objective => new NumberedObjective(objective, numbers));
        adaptation.Train();
        Assert.Equal([0, 1], numbers.Select(number => number / 4).Distinct().Select(step => (int)step));
    }

    [Fact]
    public void An_adapter_that_takes_more_than_the_recipe_is_added_and_trained()
    {
        using var @base = TaskExamples.Base(_backend);
        AdapterContents domain;
        using (var set = new AdapterSet(@base.Model)) domain = AdapterContents.Of(set.Add("domain", new AdapterSettings { Method = "mixda-domain", Rank = 2 }, seed: 1));
        using (var adaptation = Prepared("mixda"))
        {
            Assert.Equal(["domain"], adaptation.Adapter!.Settings.Mixture!.Domains);
            var before = adaptation.Evaluate(TaskExamples.Texts(12, first: 100));
            Assert.True(adaptation.Train().Validation!.Loss < before.Loss);
        }

        Assert.Contains("the recipe says lora, and the adapter that was added is mixda", Assert.Throws<CoppiceException>(() => Prepared("lora")).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Prepared("full"));

        Adaptation Prepared(string method) => Adaptation.Prepare(
            @base, TaskExamples.Recipe("classification", method, "training.epochs=6"), TaskExamples.Texts(24), TaskExamples.Texts(12, first: 100),
            add: (set, name) => MixDa.Join(set, name, new AdapterSettings { Rank = 4 }, [("domain", domain)], seed: 1));
    }

    private static TaskData<LabelledText> Labelled(params string[] labels) =>
        new([.. labels.Select((label, i) => new LabelledText("ab", null, label, FormattableString.Invariant($"line {i + 1}")))]);

    private static float[] Values(ParameterSet set)
    {
        var values = new float[set.Values.Count];
        set.Values.CopyTo(0, values);
        return values;
    }

    private sealed class Events : IRunObserver
    {
        public List<RunEvent> Seen { get; } = [];

        public void Observe(RunEvent happened) => Seen.Add(happened);
    }
}
