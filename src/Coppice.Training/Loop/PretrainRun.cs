using System.Diagnostics;
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
/// and token stores), <c>checkpoints/</c>, <c>metrics.jsonl</c>, TensorBoard events, and at the end <c>model/</c>.
/// </summary>
public sealed class PretrainRun
{
    /// <summary>The resolved recipe in a run's directory.</summary>
    public const string RecipeFile = "recipe.yaml";

    /// <summary>The model in a run's directory.</summary>
    public const string ModelFolder = "model";

    private const int RecentLosses = 100;

    private readonly PretrainRequest _request;
    private readonly Recipe _recipe;
    private readonly ISampleWriter? _samples;
    private readonly List<IRunObserver> _observers = [];
    private readonly List<IRunObserver> _outside;

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
        RequireOwnDirectory(checkpoints);
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
        using var trainer = new Trainer(model, new CausalObjective(), OptimizerRegistry.Create(model.Parameters, _recipe.Optimizer), (ulong)_recipe.Seed) { Recomputing = _recipe.Training.Recompute };
        using var metrics = new MetricsWriter(Path.Combine(directory, MetricsFile.Name), checkpoint?.Step);
        using var tensorBoard = new TensorBoardWriter(directory);
        _observers.AddRange([metrics, tensorBoard, .. _outside]);
        var progress = new Progress(this, data, model, trainer, checkpoints);
        if (checkpoint is not null) progress.Restore(checkpoint);
        return progress.Run(cancellation);
    }

    /// <summary>A directory in which a run has begun is gone on with, by the same recipe, or left alone. Without a checkpoint none has begun: nothing can be lost.</summary>
    private void RequireOwnDirectory(CheckpointStore checkpoints)
    {
        try
        {
            Directory.CreateDirectory(_request.RunDirectory);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{_request.RunDirectory}: the folder of the run can't be made: {error.Message}", inner: error);
        }

        checkpoints.RemoveUnfinished();
        if (!checkpoints.Any) return;
        if (!_request.Resume) throw CoppiceException.Usage($"{_request.RunDirectory}: holds a run already; go on with it by --resume, or name another directory");
        var path = Path.Combine(_request.RunDirectory, RecipeFile);
        if (File.Exists(path)) RecipeComparison.RequireSameRun(path, File.ReadAllText(path), _recipe.ToYaml());
    }

    private void Warn(string message) => _request.Notice("warning: " + message);

    private void Tell(RunEvent happened)
    {
        foreach (var observer in _observers) observer.Observe(happened);
    }

    /// <summary>The loop and what it counts.</summary>
    private sealed class Progress
    {
        private readonly PretrainRun _run;
        private readonly Recipe _recipe;
        private readonly PreparedData _data;
        private readonly LanguageModel _model;
        private readonly Trainer _trainer;
        private readonly CheckpointStore _checkpoints;
        private readonly SequenceSampler _sampler;
        private readonly ValidationLoss? _validation;
        private readonly PackedBatch[] _microBatches;
        private readonly OutlierDetector _lossOutliers = new();
        private readonly OutlierDetector _normOutliers = new();
        private readonly Queue<double> _recent = new(RecentLosses + 1);
        private readonly long _totalSteps;
        private long _step;
        private long _tokens;
        private long _skipped;
        private int _skippedInARow;
        private double _secondsBefore;
        private readonly Stopwatch _clock = new();
        private (double Seconds, long Tokens) _lastLog;

        public Progress(PretrainRun run, PreparedData data, LanguageModel model, Trainer trainer, CheckpointStore checkpoints)
        {
            (_run, _recipe, _data, _model, _trainer, _checkpoints) = (run, run._recipe, data, model, trainer, checkpoints);
            var training = _recipe.Training;
            _totalSteps = training.TotalSteps;
            _sampler = new SequenceSampler([.. data.Sources.Select(s => new SamplerSource(s.Name, s.Train, s.Weight))], training.SequenceLength, (ulong)_recipe.Seed);
            _microBatches = [.. Enumerable.Range(0, training.Accumulation).Select(_ => new PackedBatch())];
            if (data.Validation is { Count: > 0 } stores) _validation = new ValidationLoss(model, stores, training.BatchSize / training.Accumulation, training.SequenceLength, trainer.Tape);
        }

        public void Restore(Checkpoint checkpoint)
        {
            var state = RunState.Load(checkpoint.Directory, _trainer.Optimizer);
            (_step, _tokens, _skipped, _skippedInARow, _secondsBefore) = (state.Step, state.Tokens, state.Skipped, state.SkippedInARow, state.Seconds);
            foreach (var loss in state.RecentLosses) _recent.Enqueue(loss);
            _lossOutliers.Restore(state.LossOutliers);
            _normOutliers.Restore(state.NormOutliers);
            _sampler.Restore(state.Data);
            _run._request.Notice(FormattableString.Invariant($"going on from step {_step:N0} ({checkpoint.Directory})"));
        }

        public PretrainResult Run(CancellationToken cancellation)
        {
            foreach (var observer in _run._observers) observer.Started(new RunStart(_step, _totalSteps, _totalSteps * _recipe.Training.TokensPerStep));
            var schedule = _recipe.CreateSchedule();
            var check = _step == 0 ? new SelfCheck(_model, _data.Tokenizer) : null;
            _lastLog = (0, _tokens);
            _clock.Start();
            while (_step < _totalSteps && !cancellation.IsCancellationRequested)
            {
                TrainStep(schedule.LearningRate(_step, _tokens), check);
                check = null;
                AfterStep(cancellation.IsCancellationRequested);
            }

            _clock.Stop();
            return _step < _totalSteps ? Interrupted() : Finish();
        }

        private double Seconds => _secondsBefore + _clock.Elapsed.TotalSeconds;

        private void TrainStep(double learningRate, SelfCheck? check)
        {
            var perMicroBatch = _recipe.Training.BatchSize / _microBatches.Length;
            var tokens = 0;
            foreach (var batch in _microBatches)
            {
                _sampler.Next(batch, perMicroBatch);
                tokens += batch.Count;
            }

            check?.Before(_microBatches[0], _run._request.Notice, _run._request.Detail);
            var result = _trainer.ComputeGradients(_microBatches, _step);
            var skip = ReasonToSkip(result);
            if (skip is null) _trainer.Apply(result, learningRate);
            check?.After(skip is null, _run.Warn);
            _step++;
            _tokens += tokens;
            if (skip is null) Take(result);
            else Skip(skip);
            if (_step % _recipe.Training.LogEvery == 0 || _step == _totalSteps || skip is not null) Log(result, learningRate, skip is not null);
            if (_skippedInARow >= _recipe.Training.MaxSkippedSteps)
            {
                throw new CoppiceException(FormattableString.Invariant(
                    $"step {_step}: {_skippedInARow} steps in a row were skipped ({skip}); the checkpoints before are intact. Lower optimizer.learning_rate, lengthen the warm-up, or look at the data, and go on with --resume or anew"));
            }
        }

        private string? ReasonToSkip(in StepResult result)
        {
            if (!result.IsFinite) return FormattableString.Invariant($"loss {result.Loss}, gradient norm {result.GradientNorm}");
            var limit = _recipe.Training.SkipOutliers;
            if (limit == 0) return null;
            var (loss, norm) = (_lossOutliers.Score(result.Loss), _normOutliers.Score(result.GradientNorm));
            return loss > limit || norm > limit
                ? FormattableString.Invariant($"outlier: loss {result.Loss:F4} ({loss:F1} standard deviations above), gradient norm {result.GradientNorm:F3} ({norm:F1})")
                : null;
        }

        private void Take(in StepResult result)
        {
            _skippedInARow = 0;
            _lossOutliers.Add(result.Loss);
            _normOutliers.Add(result.GradientNorm);
            _recent.Enqueue(result.Loss);
            if (_recent.Count > RecentLosses) _recent.Dequeue();
        }

        private void Skip(string reason)
        {
            _skipped++;
            _skippedInARow++;
            _run.Tell(new RunWarning { Step = _step, Message = $"step skipped: {reason}" });
        }

        private void Log(in StepResult result, double learningRate, bool skipped)
        {
            var seconds = _clock.Elapsed.TotalSeconds;
            var rate = (_tokens - _lastLog.Tokens) / Math.Max(1e-9, seconds - _lastLog.Seconds);
            _lastLog = (seconds, _tokens);
            _run.Tell(new StepMetrics
            {
                Step = _step, Tokens = _tokens, Loss = result.Loss, LearningRate = learningRate, GradientNorm = result.GradientNorm, TokensPerSecond = rate, Skipped = skipped,
            });
        }

        private void AfterStep(bool interrupted)
        {
            var last = _step == _totalSteps;
            double? validationLoss = null;
            if (!last && IsDue(_recipe.Evaluation.Every)) validationLoss = Evaluate(_recipe.Evaluation.MaxTokens)?.Loss;
            if (!last && IsDue(_recipe.Evaluation.SampleEvery)) Sample();
            if (last || interrupted || IsDue(_recipe.Training.CheckpointEvery)) SaveCheckpoint(validationLoss);
        }

        private bool IsDue(long every) => every > 0 && _step % every == 0;

        private void SaveCheckpoint(double? validationLoss) => _checkpoints.Save(_step, folder =>
        {
            ModelDirectory.Save(folder, _model);
            _data.Tokenizer.Save(Path.Combine(folder, Tokenizers.Tokenizer.FileName));
            var state = new RunState
            {
                Step = _step, Tokens = _tokens, Updates = _trainer.Optimizer.Updates, Skipped = _skipped, SkippedInARow = _skippedInARow, Seconds = Seconds,
                RecentLosses = [.. _recent], LossOutliers = _lossOutliers.Save(), NormOutliers = _normOutliers.Save(), Data = _sampler.Position,
            };
            state.Save(folder, _trainer.Optimizer);
        }, validationLoss);

        private ValidationResult? Evaluate(long maxTokens)
        {
            if (_validation is null) return null;
            _clock.Stop();
            var result = WithReleasedWeights(() => _validation.Measure(maxTokens));
            _run.Tell(new EvaluationMetrics
            {
                Step = _step, Tokens = _tokens, Loss = result.Loss, BitsPerByte = result.BitsPerByte, EvaluatedTokens = result.Tokens, Whole = result.Whole,
            });
            _clock.Start();
            return result;
        }

        private void Sample()
        {
            if (_run._samples is not { } samples) return;
            _clock.Stop();
            foreach (var prompt in _recipe.Evaluation.SamplePrompts)
            {
                var text = WithReleasedWeights(() => samples.Continue(_model, _data.Tokenizer, prompt, _recipe.Evaluation, (ulong)_recipe.Seed, _step));
                _run.Tell(new TextSample { Step = _step, Prompt = prompt, Text = text });
            }

            _clock.Start();
        }

        /// <summary>With an average of the weights, that is what will be released: it takes the weights' place while they are measured.</summary>
        private T WithReleasedWeights<T>(Func<T> measure)
        {
            if (_trainer.Optimizer.AverageWeights is not { } average) return measure();
            using var own = new FlatBuffer(_model.Backend, average.Count);
            own.CopyFrom(_model.Parameters.Values);
            _model.Parameters.Values.CopyFrom(average);
            try
            {
                return measure();
            }
            finally
            {
                _model.Parameters.Values.CopyFrom(own);
            }
        }

        private PretrainResult Interrupted()
        {
            // Cancelled before the first step: there is nothing to save, and the prepared data is there for the next start.
            foreach (var observer in _run._observers) observer.Finished(new RunEnd(_step, Interrupted: true));
            var model = _checkpoints.LoadLatest()?.Directory ?? "";
            return Result(null, model, interrupted: true);
        }

        private PretrainResult Finish()
        {
            var validation = Evaluate(0);
            Sample();
            _clock.Stop();
            var directory = Path.Combine(_run._request.RunDirectory, ModelFolder);
            ModelDirectory.Save(directory, _model, values: _trainer.Optimizer.AverageWeights);
            _data.Tokenizer.Save(Path.Combine(directory, Tokenizers.Tokenizer.FileName));
            var result = Result(validation, directory, interrupted: false);
            Provenance(result).Save(directory);
            foreach (var observer in _run._observers) observer.Finished(new RunEnd(_step, Interrupted: false));
            return result;
        }

        private PretrainResult Result(ValidationResult? validation, string model, bool interrupted) => new(
            _step, _tokens, Seconds, _tokens / Math.Max(1e-9, Seconds), _recent.Count > 0 ? _recent.Average() : double.NaN,
            validation?.Loss, validation?.BitsPerByte, model, interrupted);

        private Provenance Provenance(PretrainResult result)
        {
            var measured = new Dictionary<string, double> { ["train_loss"] = result.TrainLoss };
            if (result.ValidationLoss is { } loss) measured["validation_loss"] = loss;
            if (result.ValidationBitsPerByte is { } bits) measured["validation_bits_per_byte"] = bits;
            return new Provenance
            {
                Software = $"Coppice {typeof(PretrainRun).Assembly.GetName().Version?.ToString(3)}",
                Recipe = _recipe.ToYaml(),
                Tokenizer = _data.Tokenizer.Fingerprint,
                Sources = [.. _data.Sources.Select(s => new ProvenanceSource(s.Name, s.Paths, s.Train.Fingerprint, s.Train.DocumentCount, s.Train.ByteCount, s.Train.TokenCount))],
                Steps = _step,
                Tokens = _tokens,
                Metrics = measured,
            };
        }
    }
}
