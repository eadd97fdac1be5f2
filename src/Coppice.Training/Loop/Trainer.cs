using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using Coppice.Training.Regularisers;

namespace Coppice.Training.Loop;

/// <summary>What a step measured before its update.</summary>
/// <param name="Loss">Mean loss of the counted tokens.</param>
/// <param name="GradientNorm">Norm of all gradients together.</param>
/// <param name="CountedTokens">Targets that were counted.</param>
/// <param name="Penalty">What the regularisers add to the loss, in nats.</param>
public readonly record struct StepResult(double Loss, double GradientNorm, int CountedTokens, double Penalty = 0)
{
    /// <summary>Whether loss and gradients are numbers.</summary>
    public bool IsFinite => double.IsFinite(Loss) && double.IsFinite(Penalty) && double.IsFinite(GradientNorm);
}

/// <summary>
/// The innermost part of training: gradients of a step's micro-batches, and the update. It knows nothing of data, schedules or files.
/// In steady state a step allocates no managed memory.
/// </summary>
public sealed class Trainer : IDisposable
{
    private readonly LanguageModel _model;
    private readonly IObjective _objective;
    private readonly ModelInput _input;
    private readonly Tape _tape;
    private readonly ulong _seed;
    private readonly TrainedParameters[] _trained;
    private readonly IReadOnlyList<IRegulariser> _regularisers;
    private readonly List<PackedBatch> _scratch = [];
    private readonly List<PackedBatch> _prepared = [];

    /// <summary>Prepares training of one set of parameters.</summary>
    /// <param name="model">A trainable model, or a frozen one with <paramref name="parameters"/>.</param>
    /// <param name="objective">What is minimised.</param>
    /// <param name="optimizer">The chain of gradient transforms; disposed with the trainer.</param>
    /// <param name="seed">The seed of dropout and of what the objective draws.</param>
    /// <param name="regularisers">What the weights are penalised by; disposed with the trainer.</param>
    /// <param name="parameters">What is trained, where that is not the model's own parameters but what was added to a frozen model.</param>
    /// <exception cref="Coppice.Foundation.CoppiceException">The model's own parameters are to be trained, and it is quantised.</exception>
    public Trainer(
        LanguageModel model, IObjective objective, OptimizerChain optimizer, ulong seed, IReadOnlyList<IRegulariser>? regularisers = null, ParameterSet? parameters = null)
        : this(model, objective, [new TrainedParameters(parameters ?? model.Parameters, optimizer)], seed, regularisers)
    {
    }

    /// <summary>Prepares training of several sets of parameters. What is in none of them stays as it is, and no backward pass goes below the lowest of them.</summary>
    /// <param name="model">The model.</param>
    /// <param name="objective">What is minimised.</param>
    /// <param name="trained">What changes: at least one set.</param>
    /// <param name="seed">The seed of dropout and of what the objective draws.</param>
    /// <param name="regularisers">What the first set is penalised by; disposed with the trainer.</param>
    /// <exception cref="Coppice.Foundation.CoppiceException">The model's own parameters are to be trained, and it is quantised.</exception>
    public Trainer(LanguageModel model, IObjective objective, IReadOnlyList<TrainedParameters> trained, ulong seed, IReadOnlyList<IRegulariser>? regularisers = null)
    {
        ArgumentOutOfRangeException.ThrowIfZero(trained.Count);
        if (trained.Any(set => set.Parameters == model.Parameters)) model.RequireExactWeights("trained");
        (_model, _objective, _trained, _seed, _regularisers) = (model, objective, [.. trained], seed, regularisers ?? []);
        _input = new ModelInput(model);
        _tape = new Tape(model.Backend);
    }

    /// <summary>What is trained, set by set.</summary>
    public IReadOnlyList<TrainedParameters> Trained => _trained;

    /// <summary>The first set of what is trained.</summary>
    public ParameterSet Parameters => _trained[0].Parameters;

    /// <summary>Its chain of gradient transforms.</summary>
    public OptimizerChain Optimizer => _trained[0].Optimizer;

    /// <summary>The tape of the steps. Empty between them: others may borrow it and its memory then.</summary>
    public Tape Tape => _tape;

    /// <summary>The memory of a step.</summary>
    public Arena Arena => _tape.Arena;

    /// <summary>Whether activations inside blocks are computed again in the backward pass instead of kept.</summary>
    public bool Recomputing
    {
        get => _tape.Recomputing;
        set => _tape.Recomputing = value;
    }

    /// <summary>The most micro-batches that a step may have, where steps differ in their number, so that no two share their random numbers; 0 where all have as many.</summary>
    public int MostMicroBatches { get; init; }

    /// <summary>Computes the gradients of a step: those of the mean over all counted tokens of all its micro-batches.</summary>
    /// <param name="microBatches">The micro-batches.</param>
    /// <param name="step">The number of the step in the run: names its random numbers.</param>
    public StepResult ComputeGradients(ReadOnlySpan<PackedBatch> microBatches, long step)
    {
        var counted = 0;
        var first = step * Math.Max(microBatches.Length, MostMicroBatches);
        _prepared.Clear();
        for (var i = 0; i < microBatches.Length; i++)
        {
            if (_scratch.Count == i) _scratch.Add(new PackedBatch());
            _prepared.Add(_objective.Prepare(microBatches[i], _scratch[i], _seed, (ulong)(first + i)));
            counted += _prepared[i].CountedTokens;
        }

        // A micro-batch weighs as much as it has counted tokens: the sum over micro-batches is the mean of the big batch.
        var scale = 1f / Math.Max(1, counted);
        foreach (var trained in _trained)
        {
            trained.Optimizer.Begin(step);
            trained.Parameters.BeginGradients();
        }

        var loss = 0.0;
        for (var i = 0; i < microBatches.Length; i++)
        {
            if (_prepared[i].CountedTokens == 0) continue;
            _tape.SeedRandom(_seed, (ulong)(first + i));
            var partial = _objective.Loss(_tape, _model, _input, _prepared[i], scale);
            _tape.Backward(partial);
            loss += partial.Item;
            _tape.Reset();
        }

        foreach (var trained in _trained) trained.Parameters.EndGradients();
        var penalty = 0.0;
        for (var i = 0; i < _regularisers.Count; i++) penalty += _regularisers[i].AddGradient(Parameters);
        var squares = 0.0;
        foreach (var trained in _trained) squares += trained.Parameters.Gradients!.SumOfSquares();
        return new StepResult(loss, Math.Sqrt(squares), counted, penalty);
    }

    /// <summary>Changes the parameters by the gradients that were computed last.</summary>
    /// <param name="result">What computing them gave: clipping is by the norm of all sets together.</param>
    /// <param name="learningRate">The learning rate of the step.</param>
    public void Apply(in StepResult result, double learningRate)
    {
        foreach (var trained in _trained) trained.Optimizer.Step(learningRate * trained.RateFactor, result.GradientNorm);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _tape.Dispose();
        foreach (var trained in _trained) trained.Optimizer.Dispose();
        foreach (var regulariser in _regularisers) regulariser.Dispose();
    }
}
