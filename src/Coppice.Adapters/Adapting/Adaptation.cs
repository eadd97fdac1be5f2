using Coppice.Adapters.Masks;
using Coppice.Adapters.Methods;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Checkpoints;
using Coppice.Training.Loop;
using Coppice.Training.Metrics;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;

namespace Coppice.Adapters;

/// <summary>What a training of a task came to.</summary>
/// <param name="Steps">Steps done.</param>
/// <param name="Tokens">Tokens trained on.</param>
/// <param name="Seconds">Time of all steps together, without measurements.</param>
/// <param name="TrainLoss">Mean loss of the latest steps (at most a hundred).</param>
/// <param name="Validation">What the weights that are in place make of the examples that were measured on; null where there were none, or the training was interrupted.</param>
/// <param name="BestStep">The step whose weights are in place; -1 for those of the end.</param>
/// <param name="StoppedEarly">Whether it ended because nothing got better.</param>
/// <param name="Interrupted">Whether it was cancelled.</param>
public sealed record AdaptationResult(
    long Steps, long Tokens, double Seconds, double TrainLoss, TaskMetrics? Validation, long BestStep, bool StoppedEarly, bool Interrupted);

/// <summary>
/// A model, a method and a task together, from the first step to what was measured: an adapter on a base that stays as it is, or a model that is trained itself, and a
/// head where the task has one.
/// </summary>
/// <remarks>A base can be shared by adaptations one after the other: dispose of one before the next is prepared.</remarks>
public sealed class Adaptation : IDisposable
{
    /// <summary>The name of the adapter in its set.</summary>
    internal const string AdapterName = "adapted";

    private readonly AdaptTask _task;
    private readonly LanguageModel? _copy;
    private readonly AdapterSet? _adapters;
    private readonly TaskContext _context;
    private readonly HeadObjective? _headObjective;
    private readonly MeasuredTask _training;
    private readonly MeasuredTask? _validation;
    private readonly IObjective _objective;
    private bool _isTrained;

    private Adaptation(AdaptBase @base, AdaptRecipe recipe, TaskData training, TaskData? validation, Func<IObjective, IObjective>? wrap, Func<AdapterSet, string, Adapter>? add, bool initialize)
    {
        recipe.Validate();
        (Base, Recipe, _task) = (@base, recipe, AdaptTasks.Find(recipe.Task.Name));
        _task.Check(@base.Model);
        if (recipe.Adapter.IsFull && add is not null) throw new ArgumentException("A full fine-tuning has no adapter that could be added.", nameof(add));
        try
        {
            if (recipe.Adapter.IsFull && @base.Model.Parameters.Gradients is null) _copy = TrainableCopy(@base.Model);
            var isFurther = recipe.Model.Adapter.Length > 0;
            if (!recipe.Adapter.IsFull)
            {
                _adapters = new AdapterSet(Model);
                var settings = recipe.Adapter.ToSettings();
                if (isFurther) FurtherTraining.Add(recipe, _adapters, AdapterName, read: initialize);
                else if (add is not null) RequireMethod(add(_adapters, AdapterName), recipe.Adapter.Method);
                else if (initialize) _adapters.Add(AdapterName, settings, (ulong)recipe.Seed);
                else _adapters.Add(AdapterName, AdapterLayout.Of(Model, settings), trainable: true, _ => { });
                _adapters.Activate(AdapterName);
            }

            Description = FurtherTraining.DescribeHead(recipe) ?? _task.Describe(training, recipe.Task, Model.Configuration);
            MaxTokens = TaskContext.MostTokens(Model, recipe.Training.MaxTokens);
            _context = new TaskContext(Model, @base.Tokenizer, @base.Template, recipe.Task, MaxTokens, recipe.Training.BatchTokens, Reference);
            var rendered = _task.Render(training, _context, Description, training: true);
            var measured = validation is null ? null : _task.Render(validation, _context, Description, training: false);
            if (Description is not null)
            {
                Head = new TaskHead(Model, Description.Outputs, (float)recipe.Training.HeadDropout);
                Head.Initialize((ulong)recipe.Seed);
                if (initialize) FurtherTraining.ReadHead(recipe, Head, Model);
                _headObjective = Description.Objective(Head);
            }

            _training = new MeasuredTask(training, rendered, _task.Objective(training, rendered, _context, _headObjective), Description, _context);
            _objective = wrap?.Invoke(_training.Objective) ?? _training.Objective;
            // An adapter that chose by examples what moves keeps to what it has changed.
            if (!isFurther || !initialize) _adapters?.Prepare(AdapterName, _objective, new ExampleBatches(rendered.Examples), (ulong)recipe.Seed);
            if (validation is not null) _validation = new MeasuredTask(validation, measured!, _task.Objective(validation, measured!, _context, _headObjective), Description, _context);
            Sampler = new TaskSampler(rendered.Examples, recipe.Training.BatchSize, recipe.Training.BatchTokens, (ulong)recipe.Seed);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The base.</summary>
    public AdaptBase Base { get; }

    /// <summary>The recipe.</summary>
    public AdaptRecipe Recipe { get; }

    /// <summary>The model that computes, with the adapter on: the base's, or for a full fine-tuning of a frozen base a copy of it.</summary>
    public LanguageModel Model => _copy ?? Base.Model;

    /// <summary>The adapter; null for a full fine-tuning.</summary>
    public Adapter? Adapter => _adapters?[AdapterName];

    /// <summary>The adapters of the base; null for a full fine-tuning.</summary>
    public AdapterSet? Adapters => _adapters;

    /// <summary>The head; null for a task without one.</summary>
    public TaskHead? Head { get; }

    /// <summary>What the head tells; null for a task without one.</summary>
    public HeadDescription? Description { get; }

    /// <summary>The most tokens of a document.</summary>
    public int MaxTokens { get; }

    /// <summary>The training examples as tokens.</summary>
    public RenderedTask Examples => _training.Rendered;

    /// <summary>Those that are measured on; null where there are none.</summary>
    public RenderedTask? ValidationExamples => _validation?.Rendered;

    /// <summary>How many values are trained.</summary>
    public long TrainedCount => TrainedSets.Sum(set => set.Count);

    /// <summary>Steps of the whole training.</summary>
    public long TotalSteps => Recipe.Training.Steps > 0 ? Recipe.Training.Steps : (long)Recipe.Training.Epochs * Sampler.StepsPerEpoch;

    /// <summary>What steps train on.</summary>
    internal TaskSampler Sampler { get; }

    /// <summary>What is trained: the adapter or the model, then the head.</summary>
    internal IReadOnlyList<ParameterSet> TrainedSets => [Adapter?.Parameters ?? Model.Parameters, .. Head is null ? (ParameterSet[])[] : [Head.Parameters]];

    /// <summary>Prepares: reads everything as tokens, and adds adapter and head with their first values. What is wrong with recipe or data is refused here.</summary>
    /// <param name="base">The base.</param>
    /// <param name="recipe">The recipe; its files are not read.</param>
    /// <param name="training">The examples to train on.</param>
    /// <param name="validation">Those to measure on; null for none.</param>
    /// <param name="wrap">Puts another objective in the place of the task's while it is trained; null for the task's. It is given <c>step · batch size + micro-batch</c> as the number of a batch.</param>
    /// <param name="add">
    /// Adds the adapter under a name, where it takes more than the recipe: <see cref="MixDa.Join"/>, <see cref="Sparc.Add"/>, or what an earlier task left
    /// (<see cref="AdapterContents.AddTo"/>); null for a new one. It is of the recipe's method.
    /// </param>
    /// <exception cref="CoppiceException">Recipe, model and data don't go together: the message says where and what to do.</exception>
    public static Adaptation Prepare(
        AdaptBase @base, AdaptRecipe recipe, TaskData training, TaskData? validation = null, Func<IObjective, IObjective>? wrap = null, Func<AdapterSet, string, Adapter>? add = null) =>
        new(@base, recipe, training, validation, wrap, add, initialize: true);

    /// <summary>The same on a backend that computes nothing: the method gives the adapter no first values.</summary>
    internal static Adaptation PrepareToPlan(AdaptBase @base, AdaptRecipe recipe, TaskData training, TaskData? validation) => new(@base, recipe, training, validation, null, null, initialize: false);

    /// <summary>Trains in memory, and puts the weights of the best measurement in place.</summary>
    /// <param name="observers">See what happens.</param>
    /// <param name="cancellation">Ends it after a step.</param>
    /// <exception cref="CoppiceException">The training failed.</exception>
    public AdaptationResult Train(IReadOnlyList<IRunObserver>? observers = null, CancellationToken cancellation = default) => Train(new AdaptationFiles(), observers ?? [], cancellation);

    /// <summary>Trains, with checkpoints.</summary>
    internal AdaptationResult Train(AdaptationFiles files, IReadOnlyList<IRunObserver> observers, CancellationToken cancellation)
    {
        if (files.From is { } checkpoint) LoadWeights(checkpoint.Directory);
        var own = CreateTraining();
        using var trainer = CreateTrainer(own);
        using var evaluator = new TaskEvaluator(Model, Recipe.Training.BatchTokens, trainer.Tape);
        using var best = new BestWeights(TrainedSets);
        var stopping = new EarlyStopping(Math.Max(1, Recipe.Training.Patience), TaskMetrics.IsHigherBetter(Recipe.Training.Metric.Length > 0 ? Recipe.Training.Metric : _task.Metrics[0]));
        var every = Recipe.Training.EvaluateEvery > 0 ? Recipe.Training.EvaluateEvery : Sampler.StepsPerEpoch;
        IRunProbe[] probes = _validation is not { } measured
            ? []
            : [new TaskProbe(every, stopping, Recipe.Training.Patience > 0, best, () => _task.Measure(evaluator, measured, intervals: false, CancellationToken.None), Deciding)];
        var loop = new TrainingLoop(new LoopParts
        {
            Training = Recipe.Training.ForLoop(TotalSteps), Model = Model, SaveWeights = SaveWeights, Tokenizer = Base.Tokenizer, Trainer = trainer, Data = Sampler,
            Schedule = new CycleSchedule(Recipe.CreateSchedule(TotalSteps, Sampler.TokensPerStep), own.Cycle), Checkpoints = files.Checkpoints, Probes = probes, Observers = observers, Notice = files.Notice, Detail = files.Detail,
        });
        if (files.From is { } from) loop.Restore(from);
        var done = loop.Run(cancellation);
        if (done.Interrupted) return Result(done, null, -1);
        _isTrained = true;
        if (stopping.BestStep >= 0) best.PutBack();
        else TakeAverages(trainer);
        try
        {
            return Result(done, _validation is null ? null : _task.Measure(evaluator, _validation, intervals: true, cancellation), stopping.BestStep);
        }
        catch (OperationCanceledException)
        {
            // The last step is saved: going on from there measures anew.
            return Result(done with { Interrupted = true }, null, -1);
        }
    }

    /// <summary>Measures the model as it is on other examples.</summary>
    /// <param name="data">The examples.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="CoppiceException">The examples are none of the task, or have a label that training knows nothing of.</exception>
    public TaskMetrics Evaluate(TaskData data, CancellationToken cancellation = default) => Measurement(data).Measure(cancellation);

    /// <summary>What the head makes of examples.</summary>
    /// <param name="data">The examples; their labels don't matter, but must be ones that training knows.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>[examples][rows][outputs]: one row for a document, or for a word.</returns>
    /// <exception cref="CoppiceException">The task has no head, or the examples are none of the task.</exception>
    public IReadOnlyList<float[][]> Scores(TaskData data, CancellationToken cancellation = default) => Measurement(data).Scores(cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        _adapters?.Dispose();
        Head?.Dispose();
        _copy?.Dispose();
    }

    /// <summary>Gradients and updates of what is trained.</summary>
    internal Trainer CreateTrainer() => CreateTrainer(CreateTraining());

    private AdapterTraining CreateTraining() => Adapter?.CreateTraining(TotalSteps) ?? AdapterTraining.None;

    private Trainer CreateTrainer(AdapterTraining own)
    {
        var trained = TrainedSets.Select((set, number) => new TrainedParameters(
            set, OptimizerRegistry.Create(set, Recipe.Optimizer, number == 0 ? own.Transform : null), number == 0 ? 1 : Recipe.Training.HeadRateFactor));
        return new Trainer(Model, _objective, [.. trained], (ulong)Recipe.Seed, own.Penalty is null ? [] : [own.Penalty])
        {
            Recomputing = Recipe.Training.Recompute, MostMicroBatches = Recipe.Training.BatchSize,
        };
    }

    /// <summary>Measures on an evaluator's memory: for whoever plans that.</summary>
    internal void MeasureValidation(TaskEvaluator evaluator)
    {
        if (_validation is not null) _task.Measure(evaluator, _validation, intervals: false, CancellationToken.None);
    }

    private static void TakeAverages(Trainer trainer)
    {
        foreach (var (parameters, optimizer, _) in trainer.Trained)
        {
            if (optimizer.AverageWeights is { } average) parameters.Values.CopyFrom(average);
        }
    }

    private TaskMeasurement Measurement(TaskData data) => TaskMeasurement.Of(_task, data, _context, Description, _headObjective);

    /// <summary>Log-probabilities under the base, or, for a full fine-tuning, under the model as it is before its first step.</summary>
    private IReadOnlyList<double[]> Reference(IReadOnlyList<TaskExample> examples)
    {
        if (_isTrained && _adapters is null && _copy is null) throw new InvalidOperationException("The model that training began from is gone: prepare a full fine-tuning on a frozen base, of which a copy is trained.");
        var active = _adapters?.Active;
        _adapters?.Deactivate();
        try
        {
            return PreferenceObjective.LogProbabilities(Base.Model, examples, Recipe.Training.BatchTokens);
        }
        finally
        {
            if (active is not null) _adapters!.Activate(active.Name);
        }
    }

    private double Deciding(TaskMetrics metrics)
    {
        var name = Recipe.Training.Metric;
        if (name.Length == 0) return metrics.Value;
        if (name == "loss") return metrics.Loss;
        return metrics.Values.TryGetValue(name, out var value) ? value.Value : throw CoppiceException.Usage($"training.metric: '{name}' can't be measured on these labels");
    }

    private void SaveWeights(string folder)
    {
        if (Adapter is { } adapter) Directories.AdapterState.Save(folder, adapter);
        else ModelDirectory.Save(folder, Model);
        if (Head is not null) HeadFile.Save(Path.Combine(folder, HeadFile.FileName), Head, Description!);
    }

    private void LoadWeights(string folder)
    {
        if (Adapter is { } adapter) Directories.AdapterState.Load(folder, adapter);
        else RunState.LoadWeights(folder, Model);
        if (Head is null) return;
        var (saved, description) = HeadFile.Load(Path.Combine(folder, HeadFile.FileName), Model);
        using (saved)
        {
            if (description.Outputs != Description!.Outputs) throw new CoppiceException($"{folder}: the checkpoint's head has {description.Outputs} outputs, the data ask for {Description.Outputs}: it is another run's");
            Head.Parameters.Values.CopyFrom(saved.Parameters.Values);
        }
    }

    private static void RequireMethod(Adapter added, string method)
    {
        if (added.Method.Name != method) throw CoppiceException.Usage($"adapter.method: the recipe says {method}, and the adapter that was added is {added.Method.Name}");
    }

    private static LanguageModel TrainableCopy(LanguageModel model)
    {
        model.RequireExactWeights("trained");
        var copy = model.Configuration.Create(model.Backend, trainable: true);
        copy.Parameters.Values.CopyFrom(model.Parameters.Values);
        return copy;
    }

    private static AdaptationResult Result(LoopResult done, TaskMetrics? validation, long bestStep) =>
        new(done.Steps, done.Tokens, done.Seconds, done.TrainLoss, validation, bestStep, done.Stopped, done.Interrupted);
}

/// <summary>Where an adaptation keeps its checkpoints, and whom it tells.</summary>
internal sealed record AdaptationFiles
{
    /// <summary>Takes the checkpoints; null for none.</summary>
    public CheckpointStore? Checkpoints { get; init; }

    /// <summary>The checkpoint to go on from; null to begin.</summary>
    public Checkpoint? From { get; init; }

    /// <summary>Receives lines about the stages of the run.</summary>
    public Action<string> Notice { get; init; } = _ => { };

    /// <summary>Receives lines that only help to look into it.</summary>
    public Action<string> Detail { get; init; } = _ => { };
}
