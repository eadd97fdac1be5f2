using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Loop;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using StepResult = Coppice.Training.Loop.StepResult;

namespace Coppice.Adapters;

/// <summary>Parameters that a task trains, and how.</summary>
/// <param name="Parameters">The parameters: of the model, a head, an adapter.</param>
/// <param name="Optimizer">Their chain of gradient transforms; disposed with the trainer.</param>
/// <param name="RateFactor">Multiplies the learning rate: a new head learns faster than what lies below it should.</param>
public sealed record TrainedParameters(ParameterSet Parameters, OptimizerChain Optimizer, double RateFactor = 1);

/// <summary>
/// Gradients and updates of a task: as <see cref="Trainer"/>, but of whatever sets of parameters the task trains, and not of the model's alone. What is frozen has no
/// gradient and stays as it is; where no trained parameter lies below a layer, no backward pass goes there.
/// </summary>
public sealed class TaskTrainer : IDisposable
{
    private readonly LanguageModel _model;
    private readonly IObjective _objective;
    private readonly IReadOnlyList<TrainedParameters> _trained;
    private readonly ulong _seed;
    private readonly ModelInput _input;
    private readonly List<PackedBatch> _scratch = [];
    private readonly List<PackedBatch> _prepared = [];

    /// <summary>Prepares training.</summary>
    /// <param name="model">The model.</param>
    /// <param name="objective">What is minimised.</param>
    /// <param name="trained">The sets of parameters that change; each set that has gradients, and at least one.</param>
    /// <param name="seed">The seed of dropout and of what the objective draws.</param>
    public TaskTrainer(LanguageModel model, IObjective objective, IReadOnlyList<TrainedParameters> trained, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfZero(trained.Count);
        (_model, _objective, _trained, _seed) = (model, objective, trained, seed);
        _input = new ModelInput(model);
        Tape = new Tape(model.Backend);
    }

    /// <summary>The tape of the steps. Empty between them: others may borrow it and its memory then.</summary>
    public Tape Tape { get; }

    /// <summary>Computes the gradients of a step: those of the mean over all counted targets of all its micro-batches.</summary>
    /// <param name="microBatches">The micro-batches.</param>
    /// <param name="step">The number of the step in the run: names its random numbers.</param>
    public StepResult ComputeGradients(ReadOnlySpan<PackedBatch> microBatches, long step)
    {
        var counted = 0;
        _prepared.Clear();
        for (var i = 0; i < microBatches.Length; i++)
        {
            if (_scratch.Count == i) _scratch.Add(new PackedBatch());
            _prepared.Add(_objective.Prepare(microBatches[i], _scratch[i], _seed, Number(step, i)));
            counted += _prepared[i].CountedTokens;
        }

        var scale = 1f / Math.Max(1, counted);
        foreach (var trained in _trained) trained.Parameters.BeginGradients();
        var loss = 0.0;
        for (var i = 0; i < microBatches.Length; i++)
        {
            if (_prepared[i].CountedTokens == 0) continue;
            Tape.SeedRandom(_seed, Number(step, i));
            var partial = _objective.Loss(Tape, _model, _input, _prepared[i], scale);
            Tape.Backward(partial);
            loss += partial.Item;
            Tape.Reset();
        }

        foreach (var trained in _trained) trained.Parameters.EndGradients();
        return new StepResult(loss, Math.Sqrt(_trained.Sum(trained => trained.Parameters.Gradients!.SumOfSquares())), counted);
    }

    /// <summary>Changes the parameters by the gradients that were computed last.</summary>
    /// <param name="result">What computing them gave. Clipping is by the norm of all sets together.</param>
    /// <param name="learningRate">The learning rate of the step.</param>
    public void Apply(in StepResult result, double learningRate)
    {
        foreach (var trained in _trained) trained.Optimizer.Step(learningRate * trained.RateFactor, result.GradientNorm);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Tape.Dispose();
        foreach (var trained in _trained) trained.Optimizer.Dispose();
    }

    // The number of micro-batches differs from step to step: no two share a number all the same.
    private static ulong Number(long step, int microBatch) => ((ulong)step << 12) + (ulong)microBatch;
}
