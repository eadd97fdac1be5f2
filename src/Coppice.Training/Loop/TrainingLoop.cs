using System.Diagnostics;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Training.Checkpoints;
using Coppice.Training.Metrics;
using Coppice.Training.Recipes;
using Coppice.Training.Schedules;

namespace Coppice.Training.Loop;

/// <summary>What a loop works with. Nothing of it is disposed by the loop.</summary>
public sealed record LoopParts
{
    /// <summary>Length of the run, shape of a step, when to save and log.</summary>
    public required TrainingSection Training { get; init; }

    /// <summary>The model, with the weights that the run begins with.</summary>
    public required LanguageModel Model { get; init; }

    /// <summary>Writes what is trained into a checkpoint's directory, where that is not the whole model; null for the model.</summary>
    public Action<string>? SaveWeights { get; init; }

    /// <summary>Its tokenizer: saved with each checkpoint.</summary>
    public required Tokenizer Tokenizer { get; init; }

    /// <summary>Gradients and updates.</summary>
    public required Trainer Trainer { get; init; }

    /// <summary>The text.</summary>
    public required SequenceSampler Sampler { get; init; }

    /// <summary>The learning rate.</summary>
    public required ISchedule Schedule { get; init; }

    /// <summary>Takes the checkpoints.</summary>
    public required CheckpointStore Checkpoints { get; init; }

    /// <summary>A step after which the state is also saved apart from the checkpoints, to be gone on from by another run: where the learning rate begins its last way down.</summary>
    public Trunk? Trunk { get; init; }

    /// <summary>What measures while the run goes on, in this order.</summary>
    public IReadOnlyList<IRunProbe> Probes { get; init; } = [];

    /// <summary>What becomes of the run's events.</summary>
    public required IReadOnlyList<IRunObserver> Observers { get; init; }

    /// <summary>Receives lines about the stages of the run, for people.</summary>
    public required Action<string> Notice { get; init; }

    /// <summary>Receives lines that only help to look into the run.</summary>
    public Action<string> Detail { get; init; } = _ => { };
}

/// <summary>The undecayed state of a run, kept apart.</summary>
/// <param name="Step">After how many steps.</param>
/// <param name="Directory">Where: a checkpoint of its own.</param>
public sealed record Trunk(long Step, string Directory);

/// <summary>What a loop gave.</summary>
/// <param name="Steps">Steps done.</param>
/// <param name="Tokens">Tokens trained on.</param>
/// <param name="Seconds">Time of all steps together, those before an interruption included, without what probes took.</param>
/// <param name="TrainLoss">Mean loss of the latest steps (at most a hundred), in nats a token.</param>
/// <param name="Interrupted">Whether it was cancelled, with everything saved.</param>
public sealed record LoopResult(long Steps, long Tokens, double Seconds, double TrainLoss, bool Interrupted);

/// <summary>
/// The loop of a run, and what it counts: batch, gradients, update, then probes and checkpoints where they are due. Pre-training and updates
/// differ in what they hand it.
/// </summary>
public sealed class TrainingLoop
{
    private const int RecentLosses = 100;

    private readonly LoopParts _parts;
    private readonly TrainingSection _training;
    private readonly Trainer _trainer;
    private readonly PackedBatch[] _microBatches;
    private readonly OutlierDetector _lossOutliers = new();
    private readonly OutlierDetector _normOutliers = new();
    private readonly Queue<double> _recent = new(RecentLosses + 1);
    private readonly long _totalSteps;
    private readonly Stopwatch _clock = new();
    private long _step;
    private long _tokens;
    private long _skipped;
    private int _skippedInARow;
    private double _secondsBefore;
    private (double Seconds, long Tokens) _lastLog;

    /// <summary>Stands before the first step.</summary>
    /// <param name="parts">What it works with.</param>
    public TrainingLoop(LoopParts parts)
    {
        (_parts, _training, _trainer) = (parts, parts.Training, parts.Trainer);
        _totalSteps = _training.TotalSteps;
        _microBatches = [.. Enumerable.Range(0, _training.Accumulation).Select(_ => new PackedBatch())];
    }

    /// <summary>The moment that the loop is at.</summary>
    public RunMoment Moment => new(_step, _tokens, _parts.Model, Tell);

    private double Seconds => _secondsBefore + _clock.Elapsed.TotalSeconds;

    /// <summary>Goes to where a checkpoint was saved. Its weights are in the model already.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    public void Restore(Checkpoint checkpoint)
    {
        var state = RunState.Load(checkpoint.Directory, _trainer.Optimizer);
        (_step, _tokens, _skipped, _skippedInARow, _secondsBefore) = (state.Step, state.Tokens, state.Skipped, state.SkippedInARow, state.Seconds);
        foreach (var loss in state.RecentLosses) _recent.Enqueue(loss);
        _lossOutliers.Restore(state.LossOutliers);
        _normOutliers.Restore(state.NormOutliers);
        _parts.Sampler.Restore(state.Data);
        _parts.Notice(FormattableString.Invariant($"going on from step {_step:N0} ({checkpoint.Directory})"));
    }

    /// <summary>Runs to the end, or until it is cancelled: then the step is finished and everything saved.</summary>
    /// <param name="cancellation">Cancels.</param>
    /// <exception cref="CoppiceException">The training failed or the disk is full; checkpoints stay as they are.</exception>
    public LoopResult Run(CancellationToken cancellation)
    {
        foreach (var observer in _parts.Observers) observer.Started(new RunStart(_step, _totalSteps, _totalSteps * _training.TokensPerStep));
        var check = _step == 0 ? new SelfCheck(_parts.Model, _parts.Tokenizer, _trainer.Parameters) : null;
        if (_step == 0) Probe();
        _lastLog = (_clock.Elapsed.TotalSeconds, _tokens);
        _clock.Start();
        while (_step < _totalSteps && !cancellation.IsCancellationRequested)
        {
            TrainStep(_parts.Schedule.LearningRate(_step, _tokens), check);
            check = null;
            AfterStep(cancellation.IsCancellationRequested);
        }

        _clock.Stop();
        return new LoopResult(_step, _tokens, Seconds, _recent.Count > 0 ? _recent.Average() : double.NaN, Interrupted: _step < _totalSteps);
    }

    /// <summary>Measures with the weights that will be released: with an average of the weights, that takes their place for so long.</summary>
    /// <param name="measure">Measures.</param>
    public T WithReleasedWeights<T>(Func<T> measure)
    {
        if (_trainer.Optimizer.AverageWeights is not { } average) return measure();
        var parameters = _trainer.Parameters;
        using var own = new FlatBuffer(_parts.Model.Backend, average.Count);
        own.CopyFrom(parameters.Values);
        parameters.Values.CopyFrom(average);
        try
        {
            return measure();
        }
        finally
        {
            parameters.Values.CopyFrom(own);
        }
    }

    private void TrainStep(double learningRate, SelfCheck? check)
    {
        var perMicroBatch = _training.BatchSize / _microBatches.Length;
        var tokens = 0;
        foreach (var batch in _microBatches)
        {
            _parts.Sampler.Next(batch, perMicroBatch);
            tokens += batch.Count;
        }

        check?.Before(_microBatches[0], _parts.Notice, _parts.Detail);
        var result = _trainer.ComputeGradients(_microBatches, _step);
        var skip = ReasonToSkip(result);
        if (skip is null) _trainer.Apply(result, learningRate);
        check?.After(skip is null, message => _parts.Notice("warning: " + message));
        _step++;
        _tokens += tokens;
        if (skip is null) Take(result);
        else Skip(skip);
        if (_step % _training.LogEvery == 0 || _step == _totalSteps || skip is not null) Log(result, learningRate, skip is not null);
        if (_skippedInARow >= _training.MaxSkippedSteps)
        {
            throw new CoppiceException(FormattableString.Invariant(
                $"step {_step}: {_skippedInARow} steps in a row were skipped ({skip}); the checkpoints before are intact. Lower optimizer.learning_rate, lengthen the warm-up, or look at the data, and go on with --resume or anew"));
        }
    }

    private string? ReasonToSkip(in StepResult result)
    {
        if (!result.IsFinite) return FormattableString.Invariant($"loss {result.Loss}, penalty {result.Penalty}, gradient norm {result.GradientNorm}");
        var limit = _training.SkipOutliers;
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
        Tell(new RunWarning { Step = _step, Message = $"step skipped: {reason}" });
    }

    private void Log(in StepResult result, double learningRate, bool skipped)
    {
        var seconds = _clock.Elapsed.TotalSeconds;
        var rate = (_tokens - _lastLog.Tokens) / Math.Max(1e-9, seconds - _lastLog.Seconds);
        _lastLog = (seconds, _tokens);
        Tell(new StepMetrics
        {
            Step = _step, Tokens = _tokens, Loss = result.Loss, LearningRate = learningRate, GradientNorm = result.GradientNorm, TokensPerSecond = rate, Skipped = skipped,
        });
    }

    private void AfterStep(bool interrupted)
    {
        var loss = Probe();
        // Before the checkpoint of the same step: a run that is killed between the two comes here again.
        if (_parts.Trunk is { } trunk && trunk.Step == _step) CheckpointWriter.Write(trunk.Directory, _step, WriteState);
        if (_step == _totalSteps || interrupted || (_training.CheckpointEvery > 0 && _step % _training.CheckpointEvery == 0)) _parts.Checkpoints.Save(_step, WriteState, loss);
    }

    private double? Probe()
    {
        double? loss = null;
        if (!_parts.Probes.Any(probe => probe.IsDue(_step, _totalSteps))) return loss;
        _clock.Stop();
        WithReleasedWeights(() =>
        {
            foreach (var probe in _parts.Probes.Where(probe => probe.IsDue(_step, _totalSteps))) loss = probe.Measure(Moment) ?? loss;
            return 0;
        });
        _clock.Start();
        return loss;
    }

    private void WriteState(string folder)
    {
        if (_parts.SaveWeights is { } save) save(folder);
        else ModelDirectory.Save(folder, _parts.Model);
        _parts.Tokenizer.Save(Path.Combine(folder, Tokenizer.FileName));
        var state = new RunState
        {
            Step = _step, Tokens = _tokens, Updates = _trainer.Optimizer.Updates, Skipped = _skipped, SkippedInARow = _skippedInARow, Seconds = Seconds,
            RecentLosses = [.. _recent], LossOutliers = _lossOutliers.Save(), NormOutliers = _normOutliers.Save(), Data = _parts.Sampler.Position,
        };
        state.Save(folder, _trainer.Optimizer);
    }

    private void Tell(RunEvent happened)
    {
        foreach (var observer in _parts.Observers) observer.Observe(happened);
    }
}
