using Coppice.Adapters.Directories;
using Coppice.Continual.Updates;
using Coppice.Corpus;
using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Loop;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using Coppice.Training.Recipes;
using Coppice.Training.Schedules;

namespace Coppice.Adapters;

/// <summary>An adapter that is to be brought to a newer version of its base.</summary>
public sealed record AdapterRefreshRequest
{
    /// <summary>The adapter's directory.</summary>
    public required string Adapter { get; init; }

    /// <summary>The base that it was trained on; null for the one that its files name.</summary>
    public string? OldBase { get; init; }

    /// <summary>The newer version: a model directory or a run's.</summary>
    public required string NewBase { get; init; }

    /// <summary>Examples to train on.</summary>
    public required string Data { get; init; }

    /// <summary>Examples to measure on; null to keep <see cref="TestShare"/> of the data apart for that.</summary>
    public string? Test { get; init; }

    /// <summary>The share of the examples that is not trained on, where there is no file for measuring.</summary>
    public double TestShare { get; init; } = 0.2;

    /// <summary>The field with the second text of a pair; null for single texts, or what the training had.</summary>
    public string? PairField { get; init; }

    /// <summary>The adapter directory to write.</summary>
    public required string Output { get; init; }

    /// <summary>Passes over the examples for the task on the new base; 0 for none.</summary>
    public int Epochs { get; init; } = 3;

    /// <summary>Passes over the examples for keeping what the old model had right; 0 for none.</summary>
    public int CompatibilityEpochs { get; init; } = 3;

    /// <summary>The learning rate at the beginning of both; it falls to 0 as a cosine.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Examples of a step.</summary>
    public int ExamplesPerStep { get; init; } = 8;

    /// <summary>The most tokens that are computed at a time: bounds the memory.</summary>
    public int BatchTokens { get; init; } = 2048;

    /// <summary>Decides the order of the examples, and which are kept apart.</summary>
    public ulong Seed { get; init; }
}

/// <summary>How a model stands against the old one on the examples that were kept apart.</summary>
/// <param name="Accuracy">Its accuracy, with the interval.</param>
/// <param name="Flips">From the old model to it.</param>
public sealed record RefreshMeasure(BootstrapInterval Accuracy, Flips Flips);

/// <summary>What a refresh came to.</summary>
/// <param name="Output">The adapter's directory.</param>
/// <param name="Updates">How many updates the new base is from the old one; null where it did not come from it.</param>
/// <param name="TrainingExamples">Examples that were trained on.</param>
/// <param name="TestExamples">Examples that were measured on.</param>
/// <param name="Old">The accuracy of the adapter on its old base.</param>
/// <param name="Transplanted">The old adapter's values on the new base, as they are.</param>
/// <param name="Retrained">After training for the task alone; null where there was none.</param>
/// <param name="Compatible">After training for compatibility too, which is what was written; null where there was none.</param>
public sealed record AdapterRefreshResult(
    string Output, int? Updates, int TrainingExamples, int TestExamples, BootstrapInterval Old, RefreshMeasure Transplanted, RefreshMeasure? Retrained, RefreshMeasure? Compatible);

/// <summary>
/// Brings an adapter to a newer version of its base: from the old values it is trained for the task on the new base, and then to keep what the old model had right
/// (<see cref="CompatibilityObjective"/>).
/// </summary>
public static class AdapterRefresh
{
    // By so many, methods that choose what moves choose it.
    private const int PreparingExamples = 128;

    private const ulong SplitStream = 0x5245465200000000;

    /// <summary>Refreshes.</summary>
    /// <param name="request">What and how.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="progress">Told what is being done.</param>
    /// <param name="cancellationToken">Ends it; nothing is written then.</param>
    /// <exception cref="CoppiceException">
    /// The adapter was not trained on the old base, the new one is the same, has another vocabulary or other shapes, or the examples are none for the task.
    /// </exception>
    public static AdapterRefreshResult Run(AdapterRefreshRequest request, Backend backend, Action<string>? progress = null, CancellationToken cancellationToken = default)
    {
        Check(request);
        var (before, after) = (AdapterBase.Find(request.Adapter, request.OldBase), ParentModel.Resolve(request.NewBase));
        AdapterBase.Require(request.Adapter, before);
        var updates = AdapterBase.VersionsSince(after, ModelDirectory.Fingerprint(before));
        if (updates == 0) throw CoppiceException.Usage($"{after}: is the model that {request.Adapter} was trained on: there is nothing to refresh");
        RequireSameTokens(before, after);

        progress?.Invoke("the old model answers");
        var (training, testing, old, oldAnswers) = AskOld(request, backend, cancellationToken);
        using var oldTeacher = old;
        using var task = TaskModel.Transplant(request.Adapter, after, backend);
        var transplanted = Measure();
        RefreshMeasure? retrained = null, compatible = null;
        if (request.Epochs > 0)
        {
            var objective = task.Objective();
            task.Adapters.Prepare(TaskModel.Name, objective, [.. training.Take(PreparingExamples).Select(Alone)], request.Seed);
            Train(request, task, objective, training, request.Epochs, "training for the task", progress, cancellationToken);
            retrained = Measure();
        }

        if (request.CompatibilityEpochs > 0)
        {
            using var newTeacher = Teacher.Of(task, training, request.BatchTokens, cancellationToken);
            using var objective = new CompatibilityObjective(task, oldTeacher, newTeacher);
            Train(request, task, objective, training, request.CompatibilityEpochs, "training for compatibility", progress, cancellationToken);
            compatible = Measure();
        }

        AdapterDirectory.Save(request.Output, task.Adapters, TaskModel.Name, Provenance.RelativePath(request.Output, after));
        AdapterBase.Record(request.Output, after, madeOf: request.Adapter);
        if (task.Head is { } head) HeadFile.Save(Path.Combine(request.Output, HeadFile.FileName), head, task.Description!);
        return new AdapterRefreshResult(request.Output, updates, training.Count, testing.Count, oldAnswers.Accuracy, transplanted, retrained, compatible);

        RefreshMeasure Measure()
        {
            var answers = TaskAnswers.Of(task, testing, request.BatchTokens, cancellationToken);
            return new RefreshMeasure(answers.Accuracy, oldAnswers.FlipsTo(answers));
        }
    }

    /// <summary>Parts examples in two by a seed.</summary>
    /// <param name="examples">The examples.</param>
    /// <param name="share">The share of the second part.</param>
    /// <param name="seed">Decides which.</param>
    /// <returns>Both in the order of the data.</returns>
    internal static (IReadOnlyList<TaskExample> Training, IReadOnlyList<TaskExample> Test) Split(IReadOnlyList<TaskExample> examples, double share, ulong seed)
    {
        var random = new Philox(seed, SplitStream);
        var count = (int)Math.Round(share * examples.Count);
        if (count < 1 || count >= examples.Count)
            throw CoppiceException.Usage(FormattableString.Invariant($"{examples.Count} examples can't be parted into some to train on and {share:P0} to measure on: give a file to measure on with --test"));
        var test = Enumerable.Range(0, examples.Count).OrderBy(i => random.UniformDouble((ulong)i)).Take(count).ToHashSet();
        return ([.. examples.Where((_, i) => !test.Contains(i))], [.. examples.Where((_, i) => test.Contains(i))]);
    }

    private static (IReadOnlyList<TaskExample> Training, IReadOnlyList<TaskExample> Test, Teacher Teacher, TaskAnswers Answers) AskOld(
        AdapterRefreshRequest request, Backend backend, CancellationToken cancellationToken)
    {
        // Closed before the new model is opened: two at a time need not fit into memory.
        using var old = TaskModel.Open(request.Adapter, request.OldBase, backend);
        var examples = old.Read(request.Data, request.PairField).Examples;
        var (training, testing) = request.Test is { } file ? (examples, old.Read(file, request.PairField).Examples) : Split(examples, request.TestShare, request.Seed);
        var answers = TaskAnswers.Of(old, testing, request.BatchTokens, cancellationToken);
        return (training, testing, Teacher.Of(old, training, request.BatchTokens, cancellationToken), answers);
    }

    private static void Train(
        AdapterRefreshRequest request, TaskModel task, IObjective objective, IReadOnlyList<TaskExample> examples, int epochs, string what, Action<string>? progress, CancellationToken cancellationToken)
    {
        var adapter = task.Adapters[TaskModel.Name];
        var sampler = new TaskSampler(examples, request.ExamplesPerStep, request.BatchTokens, request.Seed);
        var steps = (long)epochs * sampler.StepsPerEpoch;
        var schedule = new CosineSchedule(new ScheduleSettings { PeakLearningRate = request.LearningRate, Total = steps });
        var section = new OptimizerSection { WeightDecay = 0 };
        var training = adapter.CreateTraining(steps);
        List<TrainedParameters> trained = [new(adapter.Parameters, OptimizerRegistry.Create(adapter.Parameters, section, training.Transform))];
        if (task.Head is { } head) trained.Add(new(head.Parameters, OptimizerRegistry.Create(head.Parameters, section)));
        using var trainer = new Trainer(task.Model, objective, trained, request.Seed, training.Penalty is { } penalty ? [penalty] : null) { MostMicroBatches = request.ExamplesPerStep };
        for (var step = 0L; step < steps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var result = trainer.ComputeGradients(sampler.Next(), step);
            if (!result.IsFinite) throw new CoppiceException(FormattableString.Invariant($"{what}, step {step + 1}: the loss is {result.Loss}: lower the learning rate"));
            trainer.Apply(result, schedule.LearningRate(step, tokens: 0));
            progress?.Invoke(FormattableString.Invariant($"{what}: step {step + 1} of {steps}, loss {result.Loss:G4}"));
        }
    }

    private static PackedBatch Alone(TaskExample example)
    {
        var batch = new PackedBatch();
        batch.Add(example, 0);
        return batch;
    }

    private static void Check(AdapterRefreshRequest request)
    {
        if (request.Epochs < 0 || request.CompatibilityEpochs < 0 || request.Epochs + request.CompatibilityEpochs == 0) throw CoppiceException.Usage("a refresh needs at least one epoch, for the task or for compatibility");
        if (!(request.LearningRate > 0 && double.IsFinite(request.LearningRate))) throw CoppiceException.Usage("the learning rate of a refresh is a number above 0");
        if (Path.GetFullPath(request.Output) == Path.GetFullPath(request.Adapter)) throw CoppiceException.Usage($"{request.Output}: is the old adapter; name another directory, so that both can be compared");
    }

    private static void RequireSameTokens(string before, string after)
    {
        if (Tokenizers.Tokenizer.Load(before).Fingerprint != Tokenizers.Tokenizer.Load(after).Fingerprint)
            throw CoppiceException.Usage($"{after}: has another vocabulary than {before}, so that what the two predict can't be compared token by token: train a new adapter with 'coppice adapt {after}'");
    }
}
