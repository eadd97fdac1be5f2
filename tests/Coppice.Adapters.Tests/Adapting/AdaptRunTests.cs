using Coppice.Adapters.Directories;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Training.Metrics;

namespace Coppice.Adapters.Tests;

public sealed class AdaptRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Backend _backend = Backends.Create(threads: 1);

    public void Dispose()
    {
        _folder.Dispose();
        _backend.Dispose();
    }

    [Theory]
    [InlineData("lora")]
    [InlineData("pissa")]
    [InlineData("full")]
    public void A_run_that_is_stopped_anywhere_and_gone_on_with_leaves_the_same_bytes(string method)
    {
        var recipe = Recipe(method, "training.epochs=6", "training.patience=4", "training.checkpoint_every=3", "optimizer.learning_rate=0.05", "optimizer.ema_decay=0.5");
        var whole = Run(recipe, "whole");
        Assert.False(whole.Training.Interrupted);
        var steps = 0;
        AdaptRunResult part;
        do
        {
            // Three steps at a time, each in a new process as it were.
            part = Run(recipe, "parts", resume: steps > 0, stopAfter: 3);
            Assert.True(++steps < 20);
        }
        while (part.Training.Interrupted);

        Assert.True(steps > 2);
        Assert.Equal((whole.Training.Steps, whole.Training.BestStep, whole.Training.StoppedEarly), (part.Training.Steps, part.Training.BestStep, part.Training.StoppedEarly));
        Assert.Equal(whole.Training.Validation!.Value, part.Training.Validation!.Value);
        string[] files = [HeadFile.FileName, Provenance.FileName, method == "full" ? "model.safetensors" : AdapterDirectory.WeightsFile, "recipe.yaml"];
        foreach (var file in files) Assert.Equal(File.ReadAllBytes(Path.Combine(_folder.At("whole"), file)), File.ReadAllBytes(Path.Combine(_folder.At("parts"), file)));
        Assert.Equal(Losses("whole"), Losses("parts"));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Every_method_is_planned_stopped_gone_on_with_and_opened_again(string method)
    {
        var recipe = Recipe("lora", "gpt2", ["training.epochs=2"]);
        recipe = recipe with { Adapter = SectionOf(MethodTable.Of(method)) };
        var plan = AdaptPlan.For(recipe);
        var whole = Run(recipe, "whole");
        Assert.Equal((whole.Trained, whole.Training.Steps), (plan.Trained, plan.Steps));
        Assert.True(Run(recipe, "parts", stopAfter: 3).Training.Interrupted);
        Assert.False(Run(recipe, "parts", resume: true).Training.Interrupted);
        foreach (var file in new[] { HeadFile.FileName, AdapterDirectory.WeightsFile }) Assert.Equal(File.ReadAllBytes(Path.Combine(_folder.At("whole"), file)), File.ReadAllBytes(Path.Combine(_folder.At("parts"), file)));
        using var opened = AdaptedTask.Open(_folder.At("whole"), _backend);
        Assert.Equal(whole.Training.Validation!.Loss, opened.Evaluate([_folder.At("validation.jsonl")]).Loss, 1e-4);
    }

    [Fact]
    public void A_run_that_has_begun_is_not_begun_anew_and_not_gone_on_with_by_another_recipe_or_other_data()
    {
        var recipe = Recipe("lora");
        Run(recipe, "run");
        Assert.Contains("holds a run already", Refused(recipe, resume: false), StringComparison.Ordinal);
        Assert.Contains("rank: 8", Refused(recipe with { Adapter = recipe.Adapter with { Rank = 4 } }, resume: true), StringComparison.Ordinal);
        File.AppendAllText(_folder.At("data.jsonl"), """{"text": "more", "label": "no"}""" + "\n");
        Assert.Contains("other examples", Refused(recipe, resume: true), StringComparison.Ordinal);

        string Refused(AdaptRecipe other, bool resume) => Assert.Throws<CoppiceException>(() => Run(other, "run", resume)).Message;
    }

    [Theory]
    [InlineData("classification", "lora")]
    [InlineData("classification", "full")]
    [InlineData("regression", "dora")]
    [InlineData("sft", "pissa")]
    [InlineData("dpo", "lora")]
    [InlineData("dpo", "full")]
    public void What_was_adapted_measures_the_same_when_it_is_opened_again(string task, string method)
    {
        var run = Run(Recipe(method, $"task.name={task}"), "run");
        Assert.True(AdaptedTask.Exists(_folder.At("run")));
        using var opened = AdaptedTask.Open(_folder.At("run"), _backend);
        var metrics = opened.Evaluate([_folder.At("validation.jsonl")]);
        Assert.Equal(run.Training.Validation!.Value, metrics.Value, 1e-6);
        Assert.Equal(run.Training.Validation.Loss, metrics.Loss, 1e-5);
    }

    [Fact]
    public void An_adapter_verifies_on_its_base_and_is_refused_on_another()
    {
        Run(Recipe("lora"), "run");
        var verified = AdapterVerifier.Verify(_folder.At("run"), _folder.At("base"), _backend);
        Assert.True(verified.Passed, $"{verified}");
        var other = TaskExamples.Directory(_folder, _backend, name: "other", seed: 2);
        Assert.Contains("was trained on another base", Assert.Throws<CoppiceException>(() => AdaptedTask.Open(_folder.At("run"), _backend, other)).Message, StringComparison.Ordinal);
        Directory.Delete(_folder.At("base"), recursive: true);
        Assert.Contains("give the model directory with --base", Assert.Throws<CoppiceException>(() => AdaptedTask.Open(_folder.At("run"), _backend)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_data_is_refused_before_a_directory_is_made()
    {
        var recipe = Recipe("lora");
        File.WriteAllText(_folder.At("data.jsonl"), "");
        Refused("data.jsonl: holds no example");
        File.WriteAllText(_folder.At("data.jsonl"), """{"text": "a", "label": "yes"}""" + "\n" + """{"txt": "b", "label": "no"}""" + "\n");
        Refused("data.jsonl, line 2: has no field 'text'; did you mean 'txt'?");
        recipe = Recipe("lora", "task.name=chat");
        Refused("has no chat template");
        recipe = Recipe("lora", "task.name=sft");
        File.WriteAllText(_folder.At("data.jsonl"), """{"messages": [{"role": "user", "content": "hi"}]}""" + "\n");
        Refused("data.jsonl, line 1: no message is the assistant's");

        void Refused(string message)
        {
            Assert.Contains(message, Assert.Throws<CoppiceException>(() => Run(recipe, "run", write: false)).Message, StringComparison.Ordinal);
            Assert.False(Directory.Exists(_folder.At("run")));
        }
    }

    // full, which here trains the model itself, has tests of its own.
    public static TheoryData<string> Methods => [.. MethodTable.Rows.Select(row => row.Name).Where(name => name is not AdapterSection.Full)];

    /// <summary>A recipe's section with the settings of a row of the table.</summary>
    internal static AdapterSection SectionOf(MethodRow row)
    {
        var section = new AdapterSection { Layers = [.. row.Settings.Layers], Targets = row.Settings.Targets is null ? [] : [TargetPattern.AllLinear] };
        foreach (var own in typeof(AdapterSection).GetProperties().Where(property => property.CanWrite))
        {
            if (typeof(AdapterSettings).GetProperty(own.Name) is { } same && same.PropertyType == own.PropertyType) own.SetValue(section, same.GetValue(row.Settings));
        }

        return section;
    }

    private AdaptRecipe Recipe(string method, params string[] keys) => Recipe(method, "llama", keys);

    private AdaptRecipe Recipe(string method, string architecture, string[] keys)
    {
        if (!Directory.Exists(_folder.At("base"))) TaskExamples.Directory(_folder, _backend, architecture);
        var recipe = TaskExamples.Recipe("classification", method, [$"model.path={_folder.At("base")}", "training.threads=1", .. keys]);
        Write("data.jsonl", recipe.Task.Name, 16);
        Write("validation.jsonl", recipe.Task.Name, 8);
        return recipe with { Data = recipe.Data with { Train = [_folder.At("data.jsonl")], Validation = [_folder.At("validation.jsonl")] } };
    }

    private void Write(string name, string task, int count) => _folder.Write(name, string.Concat(Enumerable.Range(0, count).Select(i => (task, i % 2 == 0) switch
    {
        ("sft" or "chat", var even) => $$"""{"prompt": "say {{(char)('a' + i)}}", "response": "{{(even ? "yes" : "no")}}"}""",
        ("dpo", _) => $$"""{"prompt": "say {{(char)('a' + i)}}", "chosen": "yes", "rejected": "no"}""",
        ("regression", var even) => $$"""{"text": "say {{(char)('a' + i)}}", "label": {{(even ? i : 100)}}}""",
        (_, var even) => $$"""{"text": "say {{(char)('a' + i)}}", "label": "{{(even ? "yes" : "no")}}"}""",
    } + "\n")));

    private AdaptRunResult Run(AdaptRecipe recipe, string name, bool resume = false, int stopAfter = int.MaxValue, bool write = true)
    {
        using var stop = new CancellationTokenSource();
        var request = new AdaptRequest { Recipe = write ? recipe with { Training = recipe.Training with { LogEvery = 1 } } : recipe, Directory = _folder.At(name), Resume = resume };
        return new AdaptRun(request, [new Stopping(stop, stopAfter)]).Execute(stop.Token);
    }

    private List<(long Step, double Loss)> Losses(string run) =>
        [.. MetricsFile.Read(Path.Combine(_folder.At(run), MetricsFile.Name)).Select(happened => (happened.Step, happened is StepMetrics step ? step.Loss : ((EvaluationMetrics)happened).Loss))];
}
