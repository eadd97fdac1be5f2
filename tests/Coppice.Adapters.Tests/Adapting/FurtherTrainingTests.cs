using Coppice.Adapters.Directories;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Testing;

namespace Coppice.Adapters.Tests;

/// <summary>Adapters that are trained further, a month later as it were.</summary>
public sealed class FurtherTrainingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Backend _backend = Backends.Create(threads: 1);

    public void Dispose()
    {
        _folder.Dispose();
        _backend.Dispose();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void It_begins_with_what_the_adapter_says_to_the_bit_and_goes_on_from_there(string method)
    {
        First("classification", MethodTable.Of(method));
        var recipe = Further();
        var plan = AdaptPlan.For(recipe);
        var data = TaskExamples.Texts(8, first: 300);
        using var opened = AdaptedTask.Open(_folder.At("first"), _backend);
        using var @base = AdaptBase.Open(recipe.Model.Path, recipe, _backend);
        using var further = Adaptation.Prepare(@base, recipe, TaskExamples.Texts(8, first: 100));
        Assert.Equal(plan.Trained, further.TrainedCount);
        var before = opened.Scores(data).SelectMany(rows => rows[0]).ToList();
        Assert.Equal(before, further.Scores(data).SelectMany(rows => rows[0]));
        further.Train();
        Assert.NotEqual(before, further.Scores(data).SelectMany(rows => rows[0]));
    }

    [Fact]
    public void A_further_run_leaves_an_adapter_of_the_same_base_and_is_gone_on_with_to_the_same_bytes()
    {
        First("sft", null);
        var recipe = Further("training.epochs=4");
        Assert.Equal(("sft", "lora", 0.01), (recipe.Task.Name, recipe.Adapter.Method, recipe.Optimizer.LearningRate));
        var whole = Run(recipe, "whole");
        Assert.True(Run(recipe, "parts", stopAfter: 3).Training.Interrupted);
        Assert.False(Run(recipe, "parts", resume: true).Training.Interrupted);
        foreach (var file in new[] { AdapterDirectory.WeightsFile, AdapterVerifier.ReferenceFile, AdapterDirectory.ConfigurationFile })
            Assert.Equal(File.ReadAllBytes(Path.Combine(_folder.At("whole"), file)), File.ReadAllBytes(Path.Combine(_folder.At("parts"), file)));
        Assert.True(AdapterVerifier.Verify(_folder.At("whole"), _folder.At("base"), _backend).Passed);
        Assert.NotEqual(File.ReadAllBytes(_folder.At("first/adapter_model.safetensors")), File.ReadAllBytes(_folder.At("whole/adapter_model.safetensors")));
        using var opened = AdaptedTask.Open(_folder.At("whole"), _backend);
        Assert.Equal(whole.Training.Validation!.Loss, opened.Evaluate([_folder.At("validation.jsonl")]).Loss, 1e-5);
        // The recipe that it left runs again as it is.
        Assert.Equal(recipe, AdaptRecipe.Load(_folder.At("whole/recipe.yaml")));
    }

    [Fact]
    public void Without_a_step_the_same_file_is_written()
    {
        First("sft", null);
        using var model = ModelDirectory.Load(_folder.At("base"), _backend);
        using var set = new AdapterSet(model);
        FurtherTraining.Add(Further(), set, "further", read: true);
        AdapterDirectory.Save(_folder.At("copy"), set, "further");
        Assert.Equal(File.ReadAllBytes(_folder.At("first/adapter_model.safetensors")), File.ReadAllBytes(_folder.At("copy/adapter_model.safetensors")));
    }

    [Fact]
    public void Another_base_method_task_or_setting_is_refused()
    {
        First("classification", null);
        Refused("is trained further by its own method, lora, and not by dora", Further() with { Adapter = new AdapterSection { Method = "dora" } });
        Refused("was trained on another base", Further() with { Model = Further().Model with { Path = TaskExamples.Directory(_folder, _backend, name: "other", seed: 2) } });
        Refused("is the adapter that is to be trained further", Further(), "first");
        NoRecipe("by its own method, lora, and not by dora", "adapter.method=dora");
        NoRecipe("was trained for classification, and goes on with that, not with sft", "task.name=sft");
        NoRecipe("'adapter.rank' is for new adapters", "adapter.rank=4");
        NoRecipe("full trains the model itself", "adapter.method=full");
        Assert.Contains("is not an adapter's directory", Assert.Throws<CoppiceException>(() => FurtherTraining.RecipeOf(_folder.At("base"), null, [])).Message, StringComparison.Ordinal);
        _folder.Write("data.jsonl", """{"text": "ab", "label": "yes"}""" + "\n" + """{"text": "cd", "label": "perhaps"}""" + "\n");
        Refused("data.jsonl, line 2: the label 'perhaps'", Further("data.validation_share=0"));

        void NoRecipe(string message, string key) => Assert.Contains(message, Assert.Throws<CoppiceException>(() => Further(key)).Message, StringComparison.Ordinal);

        void Refused(string message, AdaptRecipe recipe, string output = "run")
        {
            Assert.Contains(message, Assert.Throws<CoppiceException>(() => Run(recipe, output)).Message, StringComparison.Ordinal);
            Assert.False(Directory.Exists(_folder.At("run")));
        }
    }

    // full trains the model itself.
    public static TheoryData<string> Methods => [.. MethodTable.Rows.Select(row => row.Name).Where(name => name is not AdapterSection.Full)];

    /// <summary>The adapter that is trained further, on some examples.</summary>
    private void First(string task, MethodRow? row)
    {
        var directory = TaskExamples.Directory(_folder, _backend, "gpt2");
        var recipe = TaskExamples.Recipe(task, "lora", $"model.path={directory}", "training.threads=1", "training.log_every=1");
        if (row is not null) recipe = recipe with { Adapter = AdaptRunTests.SectionOf(row) };
        Write("data.jsonl", task, 12);
        Write("validation.jsonl", task, 8);
        recipe = recipe with { Data = recipe.Data with { Train = [_folder.At("data.jsonl")], Validation = [_folder.At("validation.jsonl")] } };
        Run(recipe, "first");
        Write("data.jsonl", task, 16);
    }

    private AdaptRecipe Further(params string[] keys) => FurtherTraining.RecipeOf(_folder.At("first"), null, keys);

    private void Write(string name, string task, int count) => _folder.Write(name, string.Concat(Enumerable.Range(0, count).Select(i =>
        (task == "sft" ? $$"""{"prompt": "say {{(char)('a' + i)}}", "response": """ : $$"""{"text": "say {{(char)('a' + i)}}", "label": """) + (i % 2 == 0 ? "\"yes\"}\n" : "\"no\"}\n"))));

    private AdaptRunResult Run(AdaptRecipe recipe, string name, bool resume = false, int stopAfter = int.MaxValue)
    {
        using var stop = new CancellationTokenSource();
        return new AdaptRun(new AdaptRequest { Recipe = recipe, Directory = _folder.At(name), Resume = resume }, [new Stopping(stop, stopAfter)]).Execute(stop.Token);
    }
}
