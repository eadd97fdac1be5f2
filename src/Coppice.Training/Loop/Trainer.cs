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
    private readonly IReadOnlyList<IRegulariser> _regularisers;
    private readonly List<PackedBatch> _scratch = [];
    private readonly List<PackedBatch> _prepared = [];

    /// <summary>Prepares training.</summary>
    /// <param name="model">A trainable model, or a frozen one with <paramref name="parameters"/>.</param>
    /// <param name="objective">What is minimised.</param>
    /// <param name="optimizer">The chain of gradient transforms; disposed with the trainer.</param>
    /// <param name="seed">The seed of dropout and of what the objective draws.</param>
    /// <param name="regularisers">What the weights are penalised by; disposed with the trainer.</param>
    /// <param name="parameters">What is trained, where that is not the model's own parameters but what was added to a frozen model.</param>
    /// <exception cref="Coppice.Foundation.CoppiceException">The model is quantised.</exception>
    public Trainer(
        LanguageModel model, IObjective objective, OptimizerChain optimizer, ulong seed, IReadOnlyList<IRegulariser>? regularisers = null, ParameterSet? parameters = null)
    {
        model.RequireExactWeights("trained");
        (_model, _objective, Optimizer, _seed, _regularisers) = (model, objective, optimizer, seed, regularisers ?? []);
        Parameters = parameters ?? model.Parameters;
        _input = new ModelInput(model);
        _tape = new Tape(model.Backend);
    }

    /// <summary>What is trained.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>The chain of gradient transforms.</summary>
    public OptimizerChain Optimizer { get; }

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

    /// <summary>Computes the gradients of a step: those of the mean over all counted tokens of all its micro-batches.</summary>
    /// <param name="microBatches">The micro-batches.</param>
    /// <param name="step">The number of the step in the run: names its random numbers.</param>
    public StepResult ComputeGradients(ReadOnlySpan<PackedBatch> microBatches, long step)
    {
        var counted = 0;
        _prepared.Clear();
        for (var i = 0; i < microBatches.Length; i++)
        {
            if (_scratch.Count == i) _scratch.Add(new PackedBatch());
            _prepared.Add(_objective.Prepare(microBatches[i], _scratch[i], _seed, Number(step, i, microBatches.Length)));
            counted += _prepared[i].CountedTokens;
        }

        // A micro-batch weighs as much as it has counted tokens: the sum over micro-batches is the mean of the big batch.
        var scale = 1f / Math.Max(1, counted);
        Parameters.BeginGradients();
        var loss = 0.0;
        for (var i = 0; i < microBatches.Length; i++)
        {
            if (_prepared[i].CountedTokens == 0) continue;
            _tape.SeedRandom(_seed, Number(step, i, microBatches.Length));
            var partial = _objective.Loss(_tape, _model, _input, _prepared[i], scale);
            _tape.Backward(partial);
            loss += partial.Item;
            _tape.Reset();
        }

        Parameters.EndGradients();
        var penalty = 0.0;
        for (var i = 0; i < _regularisers.Count; i++) penalty += _regularisers[i].AddGradient(Parameters);
        return new StepResult(loss, Math.Sqrt(Parameters.Gradients!.SumOfSquares()), counted, penalty);
    }

    private static ulong Number(long step, int microBatch, int microBatches) => (ulong)(step * microBatches + microBatch);

    /// <summary>Changes the parameters by the gradients that were computed last.</summary>
    /// <param name="result">What computing them gave.</param>
    /// <param name="learningRate">The learning rate of the step.</param>
    public void Apply(in StepResult result, double learningRate) => Optimizer.Step(learningRate, result.GradientNorm);

    /// <inheritdoc/>
    public void Dispose()
    {
        _tape.Dispose();
        Optimizer.Dispose();
        foreach (var regulariser in _regularisers) regulariser.Dispose();
    }
}
