using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Checkpoints;
using Coppice.Training.Data;
using Coppice.Training.Metrics;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using Coppice.Training.Recipes;
using Coppice.Training.Schedules;

namespace Coppice.Training.Loop;

/// <summary>What a pre-training run is asked to do.</summary>
public sealed record PretrainRequest
{
    /// <summary>The recipe, resolved, with its sources.</summary>
    public required Recipe Recipe { get; init; }

    /// <summary>The directory that takes everything the run writes.</summary>
    public required string RunDirectory { get; init; }

    /// <summary>Go on from the latest checkpoint in the directory, or begin where there is none.</summary>
    public bool Resume { get; init; }

    /// <summary>Receives lines about the stages of the run, for people.</summary>
    public Action<string> Notice { get; init; } = _ => { };

    /// <summary>Receives lines that only help to look into the run: the first batch decoded, say.</summary>
    public Action<string> Detail { get; init; } = _ => { };
}

/// <summary>What a pre-training run gave.</summary>
/// <param name="Steps">Steps done.</param>
/// <param name="Tokens">Tokens trained on.</param>
/// <param name="Seconds">Time of all steps together, those before an interruption included.</param>
/// <param name="TokensPerSecond">Tokens trained on in a second.</param>
/// <param name="TrainLoss">Mean loss of the latest steps (at most a hundred), in nats a token.</param>
/// <param name="ValidationLoss">Mean loss on the whole validation split, or null where there is none or the run was interrupted.</param>
/// <param name="ValidationBitsPerByte">The same in bits a byte.</param>
/// <param name="Model">The model's directory; the latest checkpoint's where the run was interrupted.</param>
/// <param name="Interrupted">Whether the user stopped the run, with everything saved.</param>
public sealed record PretrainResult(
    long Steps, long Tokens, double Seconds, double TokensPerSecond, double TrainLoss, double? ValidationLoss, double? ValidationBitsPerByte, string Model, bool Interrupted);

/// <summary>
/// A pre-training run from recipe to model directory. The directory holds <c>recipe.yaml</c> (resolved; runs again as it is), <c>data/</c> (tokenizer
/// and token stores), <c>checkpoints/</c>, <c>metrics.jsonl</c>, TensorBoard events, at the end <c>model/</c>, and <c>trunk/</c> where the schedule has
/// an undecayed part that another run can go on from.
/// </summary>
public sealed class PretrainRun
{
    /// <summary>The resolved recipe in a run's directory.</summary>
    public const string RecipeFile = "recipe.yaml";

    /// <summary>The model in a run's directory.</summary>
    public const string ModelFolder = "model";

    /// <summary>The undecayed state in a run's directory.</summary>
    public const string TrunkFolder = "trunk";

    private readonly PretrainRequest _request;
    private readonly Recipe _recipe;
    private readonly ISampleWriter? _samples;
    private readonly IReadOnlyList<IRunObserver> _outside;

    /// <summary>Prepares a run; nothing is read or written yet.</summary>
    /// <param name="request">What to do.</param>
    /// <param name="observers">See what happens, beside the files that the run writes.</param>
    /// <param name="samples">Writes samples; null for none.</param>
    public PretrainRun(PretrainRequest request, IReadOnlyList<IRunObserver>? observers = null, ISampleWriter? samples = null)
    {
        (_request, _recipe, _samples) = (request, request.Recipe.Resolve(), samples);
        _outside = [.. observers ?? []];
    }

    /// <summary>Runs to the end, or until it is cancelled: then the step is finished and everything saved.</summary>
    /// <param name="cancellation">Cancels.</param>
    /// <exception cref="CoppiceException">Something is wrong with the input, the disk or the training; the message says what. Checkpoints stay as they are.</exception>
    public PretrainResult Execute(CancellationToken cancellation)
    {
        _recipe.Validate();
        var directory = _request.RunDirectory;
        var checkpoints = new CheckpointStore(directory, _recipe.Training.KeepCheckpoints, Warn);
        RunDirectory.Claim(directory, checkpoints, _request.Resume, _recipe.ToYaml());
        using var data = PreparedData.Prepare(_recipe, directory, _request.Notice, cancellation);
        // What preparing left on the managed heap would stay resident for the whole run.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        AtomicFile.WriteText(Path.Combine(directory, RecipeFile), _recipe.ToYaml());
        using var backend = Backends.Create(_recipe.Training.Threads);
        using var model = ModelFactory.Configure(_recipe.Model, data.Tokenizer).Create(backend);
        model.Initialize((ulong)_recipe.Seed);
        _request.Notice(FormattableString.Invariant($"model: {model.Configuration.ModelType}, {model.Parameters.Count:N0} parameters, on {backend.Name}"));
        var checkpoint = _request.Resume ? checkpoints.LoadLatest() : null;
        if (checkpoint is not null) RunState.LoadWeights(checkpoint.Directory, model);
        var objective = ObjectiveRegistry.Create(_recipe.Objective, model.Configuration, data.Tokenizer);
        using var trainer = new Trainer(model, objective, OptimizerRegistry.Create(model.Parameters, _recipe.Optimizer), (ulong)_recipe.Seed) { Recomputing = _recipe.Training.Recompute };
        using var metrics = new MetricsWriter(Path.Combine(directory, MetricsFile.Name), checkpoint?.Step);
        using var tensorBoard = new TensorBoardWriter(directory);
        IReadOnlyList<IRunObserver> observers = [metrics, tensorBoard, .. _outside];
        var validation = data.Validation is { Count: > 0 } stores
            ? new ValidationProbe(
                new ValidationLoss(model, stores, _recipe.Training.BatchSize / _recipe.Training.Accumulation, _recipe.Training.SequenceLength, trainer.Tape, objective), _recipe.Evaluation)
            : null;
        var schedule = _recipe.CreateSchedule();
        var trunk = schedule is IBranchingSchedule { DecayStart: > 0 and var start } && start < _recipe.Training.TotalSteps ? new Trunk(start, Path.Combine(directory, TrunkFolder)) : null;
        var loop = new TrainingLoop(new LoopParts
        {
            Training = _recipe.Training, Model = model, Tokenizer = data.Tokenizer, Trainer = trainer, Schedule = schedule, Checkpoints = checkpoints, Trunk = trunk,
            Data = new SequenceSteps(Sampler(data), _recipe.Training),
            Probes = [.. validation is null ? (IRunProbe[])[] : [validation], .. _samples is null || !model.Configuration.IsCausal ? (IRunProbe[])[] : [new SampleProbe(_samples, data.Tokenizer, _recipe.Evaluation, (ulong)_recipe.Seed)]],
            Observers = observers, Notice = _request.Notice, Detail = _request.Detail,
        });
        if (checkpoint is not null) loop.Restore(checkpoint);
        var done = loop.Run(cancellation);
        var result = done.Interrupted
            // Cancelled before the first step: there is nothing to save, and the prepared data is there for the next start.
            ? Result(done, null, checkpoints.LoadLatest()?.Directory ?? "")
            : Release(loop, done, data, model, trainer, validation, trunk);
        foreach (var observer in observers) observer.Finished(new RunEnd(done.Steps, done.Interrupted));
        return result;
    }

    private SequenceSampler Sampler(PreparedData data) => new(
        [.. data.Sources.Select(source => new SamplerSource(source.Name, source.Train, source.Weight))], _recipe.Training.SequenceLength, (ulong)_recipe.Seed, mixture: RecipeMixture.Create(_recipe, data.Sources));

    private PretrainResult Release(TrainingLoop loop, LoopResult done, PreparedData data, LanguageModel model, Trainer trainer, ValidationProbe? validation, Trunk? trunk)
    {
        var measured = validation is null ? null : loop.WithReleasedWeights(() => validation.Measure(loop.Moment, maxTokens: 0));
        var directory = Path.Combine(_request.RunDirectory, ModelFolder);
        ModelDirectory.Save(directory, model, values: trainer.Optimizer.AverageWeights);
        Tokenizers.TokenizerFiles.Write(data.Tokenizer, directory, model.Configuration.MaxPositions);
        var result = Result(done, measured, directory);
        var metrics = new Dictionary<string, double> { ["train_loss"] = result.TrainLoss };
        if (result.ValidationLoss is { } loss) metrics["validation_loss"] = loss;
        if (result.ValidationBitsPerByte is { } whole) metrics["validation_bits_per_byte"] = whole;
        new Provenance
        {
            Software = Provenance.ThisSoftware,
            Recipe = _recipe.ToYaml(),
            Tokenizer = data.Tokenizer.Fingerprint,
            Sources = [.. data.Sources.Select(source => source.ToProvenance(directory, source.Validation is { } store && measured?.Stores.TryGetValue(store, out var bitsPerByte) == true ? bitsPerByte : null))],
            Training = new ProvenanceTraining(_recipe.Training.SequenceLength, _recipe.Training.BatchSize, _recipe.Optimizer.LearningRate, _recipe.Schedule.Name),
            Trunk = trunk is null ? null : Provenance.RelativePath(directory, trunk.Directory),
            Steps = done.Steps,
            Tokens = done.Tokens,
            Metrics = metrics,
        }.Save(directory);
        return result;
    }

    private static PretrainResult Result(LoopResult done, ValidationResult? validation, string model) => new(
        done.Steps, done.Tokens, done.Seconds, done.Tokens / Math.Max(1e-9, done.Seconds), done.TrainLoss, validation?.Loss, validation?.BitsPerByte, model, done.Interrupted);

    private void Warn(string message) => _request.Notice("warning: " + message);
}
