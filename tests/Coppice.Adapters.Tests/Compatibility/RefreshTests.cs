using System.Globalization;
using Coppice.Adapters.Directories;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Training.Loop;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using Coppice.Training.Recipes;

namespace Coppice.Adapters.Tests.Compatibility;

/// <summary>An adapter on a base that was updated.</summary>
public sealed class RefreshTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Backend _backend = Backends.Create(2);

    public void Dispose()
    {
        _backend.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_loss_is_the_divergence_from_the_old_model_where_the_own_guess_is_wrong_and_from_the_new_one_elsewhere(bool classes)
    {
        var (first, second, data) = Prepare(classes, epochs: 1);
        using var old = TaskModel.Open(_folder.At("adapter"), null, _backend);
        using var task = TaskModel.Transplant(_folder.At("adapter"), second, _backend);
        var examples = task.Read(data).Examples.Take(12).ToList();
        using var oldTeacher = Teacher.Of(old, examples, 50, default);
        using var newTeacher = Teacher.Of(task, examples, 50, default);
        // The model that learns is another one than it was when it taught.
        var trained = task.Adapters[TaskModel.Name].Parameters;
        foreach (var parameter in trained.Parameters) parameter.Tensor.CopyFrom([.. parameter.Tensor.ToArray().Select((value, i) => value + 0.05f * (i % 5 - 2))]);

        var (rows, input) = (new PredictionRows(task), new ModelInput(task.Model));
        using var tape = new Tape(_backend) { Recording = false };
        using var objective = new CompatibilityObjective(task, oldTeacher, newTeacher);
        var (actual, expected, wrong, counted) = (0.0, 0.0, 0, 0);
        foreach (var batch in TaskPacking.InOrder(examples, 60))
        {
            actual += objective.Loss(tape, task.Model, input, batch, scale: 0.5f).Item;
            tape.Reset();
            var x = rows.Compute(tape, input, batch);
            var own = Logits(x, rows.Weight, rows.Bias);
            var (targets, places) = (rows.Targets.ToArray(), Places(batch, rows.Rows));
            for (var row = 0; row < targets.Length; row++)
            {
                var isWrong = own[row].IndexOf(own[row].Max()) != targets[row];
                var teacher = isWrong ? oldTeacher : newTeacher;
                expected += 0.5 * Divergence(Logits(teacher.Rows(tape, [places[row]]), teacher.Weight, teacher.Bias)[0], own[row]);
                wrong += isWrong ? 1 : 0;
                counted++;
            }

            tape.Reset();
        }

        Assert.InRange(wrong, 1, counted - 1);
        Assert.Equal(expected, actual, 1e-3 * expected);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_adapter_is_brought_to_a_newer_base_and_the_flips_add_up(bool classes)
    {
        var (first, second, data) = Prepare(classes, epochs: 8);
        var result = AdapterRefresh.Run(
            new AdapterRefreshRequest { Adapter = _folder.At("adapter"), NewBase = second, Data = data, Output = _folder.At("refreshed"), Epochs = 3, CompatibilityEpochs = 3, LearningRate = 5e-3 }, _backend);
        Assert.Equal((1, 128, 32), (result.Updates!.Value, result.TrainingExamples, result.TestExamples));
        Assert.True(result.Old.Value > (classes ? 0.8 : 0.5), $"{result.Old}");
        foreach (var measure in new[] { result.Transplanted, result.Retrained!, result.Compatible! })
            Assert.Equal(measure.Accuracy.Value - result.Old.Value, measure.Flips.PositiveRate - measure.Flips.NegativeRate, 1e-12);
        Assert.True(result.Compatible!.Accuracy.Value >= result.Transplanted.Accuracy.Value, $"{result.Transplanted} -> {result.Compatible}");

        // It is the new base's now, and does there what was measured.
        AdapterBase.Require(_folder.At("refreshed"), second);
        Assert.Contains("another base", Assert.Throws<CoppiceException>(() => AdapterBase.Require(_folder.At("refreshed"), first)).Message, StringComparison.Ordinal);
        Assert.Equal(classes, File.Exists(Path.Combine(_folder.At("refreshed"), HeadFile.FileName)));
        var comparison = AdapterComparison.Of(_folder.At("adapter"), _folder.At("refreshed"), data, null, default, _backend);
        Assert.Equal(160, comparison.Flips.Items);
        Assert.Equal(comparison.After.Value - comparison.Before.Value, comparison.Flips.AccuracyChange, 1e-12);
    }

    [Fact]
    public void The_same_refresh_gives_the_same_bytes()
    {
        var (_, second, data) = Prepare(classes: true, epochs: 1);
        foreach (var output in new[] { "one", "two" })
            AdapterRefresh.Run(new AdapterRefreshRequest { Adapter = _folder.At("adapter"), NewBase = second, Data = data, Output = _folder.At(output), Epochs = 1, CompatibilityEpochs = 1 }, _backend);
        foreach (var file in new[] { AdapterDirectory.WeightsFile, AdapterDirectory.ConfigurationFile, Provenance.FileName, HeadFile.FileName })
            Assert.Equal(File.ReadAllBytes(_folder.At("one/" + file)), File.ReadAllBytes(_folder.At("two/" + file)));
    }

    [Fact]
    public void What_can_not_be_refreshed_is_refused_before_training()
    {
        var (first, second, data) = Prepare(classes: true, epochs: 1);
        var request = new AdapterRefreshRequest { Adapter = _folder.At("adapter"), NewBase = second, Data = data, Output = _folder.At("out") };
        Refused(request with { NewBase = first }, "nothing to refresh");
        Refused(request with { OldBase = second }, "older version");
        Refused(request with { Epochs = 0, CompatibilityEpochs = 0 }, "at least one epoch");
        Refused(request with { Output = request.Adapter }, "another directory");
        Refused(request with { Data = _folder.Write("strange.csv", "text,label\nabc,never\n") }, "never");
        Refused(request with { Data = _folder.Write("one.csv", "text,label\nabc,yes\n") }, "--test");
        Assert.False(Directory.Exists(request.Output));
    }

    [Fact]
    public void Examples_are_parted_by_the_seed_and_none_is_in_both()
    {
        var examples = Enumerable.Range(0, 20).Select(i => new TaskExample([TaskDocument.Labelled([1], 0, 1)], "here") { Number = i }).ToList();
        var (training, test) = AdapterRefresh.Split(examples, 0.25, seed: 1);
        Assert.Equal((15, 5), (training.Count, test.Count));
        Assert.Equal(examples, training.Concat(test).OrderBy(example => example.Number));
        Assert.Equal(test, AdapterRefresh.Split(examples, 0.25, seed: 1).Test);
        Assert.NotEqual(test, AdapterRefresh.Split(examples, 0.25, seed: 2).Test);
    }

    /// <summary>A base, a newer one, an adapter that was trained on the first, and its examples: which of two letters a text ends with, or one more letter to write.</summary>
    private (string First, string Second, string Data) Prepare(bool classes, int epochs)
    {
        var first = SavedModels.Save(_folder, "v1");
        var second = SavedModels.Save(_folder, "v2", seed: 2, parent: first, change: 0.1f);
        var data = classes
            ? _folder.Write("data.csv", "text,label\n" + string.Concat(Texts().Select(text => $"{text},{(text.EndsWith('q') ? "yes" : "no")}\n")))
            : _folder.Write("data.jsonl", string.Concat(Texts().Select(text => $"{{\"prompt\":\"{text}\",\"response\":\"{(text.EndsWith('q') ? "a" : "b")}\"}}\n")));
        using var model = ModelDirectory.Load(first, _backend);
        using var set = new AdapterSet(model);
        set.Add("a", AdaptedModel.Settings("lora"), seed: 1);
        set.Activate("a");
        var description = new HeadDescription(HeadTask.Classes, ["no", "yes"]);
        using var head = new TaskHead(model, 2);
        head.Initialize(1);
        var task = classes
            ? ClassificationRendering.Classes(LabelledText.Read(data), LabelSet.FromNames(description.Labels), SavedModels.Characters, 64)
            : SupervisedRendering.Render(Conversation.Read(data), SavedModels.Characters, null, 64);
        List<ParameterSet> sets = classes ? [set["a"].Parameters, head.Parameters] : [set["a"].Parameters];
        IObjective objective = classes ? description.Objective(head) : new SupervisedObjective();
        var sampler = new TaskSampler(task.Examples, 8, 512, seed: 1);
        using (var trainer = new Trainer(model, objective, [.. sets.Select(one => new TrainedParameters(one, OptimizerRegistry.Create(one, new OptimizerSection { WeightDecay = 0 })))], seed: 1))
        {
            for (var step = 0; step < epochs * sampler.StepsPerEpoch; step++) trainer.Apply(trainer.ComputeGradients(sampler.Next(), step), 0.01);
        }

        AdapterDirectory.Save(_folder.At("adapter"), set, "a", "../v1");
        AdapterBase.Record(_folder.At("adapter"), first);
        if (classes) HeadFile.Save(_folder.At("adapter/" + HeadFile.FileName), head, description);
        return (first, second, data);
    }

    private static IEnumerable<string> Texts()
    {
        for (var i = 0; i < 160; i++)
        {
            var letters = TinyModels.Tokens(3 + i % 6, 16, seed: (ulong)i).Select(letter => (char)('a' + letter));
            yield return string.Create(CultureInfo.InvariantCulture, $"{string.Concat(letters)}{(i % 2 == 0 ? 'q' : 'z')}");
        }
    }

    private void Refused(AdapterRefreshRequest request, string why) =>
        Assert.Contains(why, Assert.Throws<CoppiceException>(() => AdapterRefresh.Run(request, _backend)).Message, StringComparison.Ordinal);

    private static List<(int Example, int Row)> Places(Corpus.PackedBatch batch, ReadOnlySpan<int> rows)
    {
        var (places, seen) = (new List<(int, int)>(), new Dictionary<int, int>());
        foreach (var row in rows)
        {
            var example = batch.Sources[row];
            seen[example] = seen.GetValueOrDefault(example, -1) + 1;
            places.Add((example, seen[example]));
        }

        return places;
    }

    private static List<double>[] Logits(Tensor x, Tensor weight, Tensor? bias)
    {
        var (rows, w, b, width) = (x.ToArray(), weight.ToArray(), bias?.ToArray(), x.Columns);
        return [.. Enumerable.Range(0, x.Rows).Select(row => Enumerable.Range(0, weight.Rows).Select(c => Enumerable.Range(0, width).Sum(i => (double)rows[row * width + i] * w[c * width + i]) + (b?[c] ?? 0)).ToList())];
    }

    private static double Divergence(List<double> teacher, List<double> student)
    {
        var (p, q) = (LogSoftmax(teacher), LogSoftmax(student));
        return p.Zip(q, (a, c) => Math.Exp(a) * (a - c)).Sum();
    }

    private static List<double> LogSoftmax(List<double> logits)
    {
        var max = logits.Max();
        var sum = max + Math.Log(logits.Sum(logit => Math.Exp(logit - max)));
        return [.. logits.Select(logit => logit - sum)];
    }
}
