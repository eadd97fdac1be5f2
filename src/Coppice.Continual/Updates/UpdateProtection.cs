using Coppice.Continual.Protection;
using Coppice.Continual.Recipes;
using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Loop;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using Coppice.Training.Regularisers;

namespace Coppice.Continual.Updates;

/// <summary>What an update is trained with: the loss with what holds it to the parent, the penalties on its weights, and the optimizer.</summary>
internal sealed class UpdateProtection : IDisposable
{
    // Long enough to leave the start, short enough to cost little: a twentieth of an update, but not more than this.
    private const int MostDriftSteps = 50;
    private const int DriftShare = 20;

    private readonly UpdateRecipe _recipe;
    private readonly UpdatePlan _plan;
    private readonly UpdateStart _start;
    private readonly UpdateData _data;
    private readonly List<IDisposable> _owned = [];
    private readonly List<IRegulariser> _regularisers = [];
    private IObjective _objective;
    private FlatBuffer? _startWeights;

    private UpdateProtection(UpdateRecipe recipe, UpdatePlan plan, IObjective objective, UpdateStart start, UpdateData data) =>
        (_recipe, _plan, _objective, _start, _data) = (recipe, plan, objective, start, data);

    /// <summary>Puts together what the recipe asks for. The model must hold the weights that the update begins with.</summary>
    public static UpdateProtection Create(UpdateRecipe recipe, UpdatePlan plan, IObjective objective, LanguageModel teacher, UpdateStart start, UpdateData data, CancellationToken cancellation)
    {
        var protection = new UpdateProtection(recipe, plan, objective, start, data);
        try
        {
            protection.AddDistillation(teacher);
            if (recipe.Protection is { L2: > 0 } or { DecoupledL2: > 0 }) protection.StartWeights();
            protection.AddPull();
            protection.AddElasticWeights(cancellation);
            return protection;
        }
        catch
        {
            protection.Dispose();
            throw;
        }
    }

    /// <summary>The trainer of the update.</summary>
    public Trainer CreateTrainer()
    {
        var parameters = _start.Model.Parameters;
        var settings = _recipe.Protection;
        var optimizer = OptimizerRegistry.Create(
            parameters, _recipe.Optimizer,
            decay: settings.DecoupledL2 > 0 ? new DecoupledPullToStart(StartWeights(), settings.DecoupledL2) : null,
            mask: _start.Mask(_recipe.Vocabulary, _data.Tokenizer, _plan.Steps));
        return new Trainer(_start.Model, _objective, optimizer, (ulong)_recipe.Seed, _regularisers) { Recomputing = _recipe.Training.Recompute };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var disposable in _owned) disposable.Dispose();
    }

    private void AddDistillation(LanguageModel teacher)
    {
        var settings = _recipe.Protection;
        var sources = _plan.Sampler.Sources.Count;
        var weights = Enumerable.Range(0, sources).Select(source => source < _plan.AddedSources ? settings.KlOnNew : _plan.KlWeight).ToList();
        if (weights.All(weight => weight == 0)) return;
        var shares = Enumerable.Range(0, sources).Select(source => source < _plan.AddedSources ? 1 - _plan.ReplayShare : _plan.ReplayShare).ToList();
        var distillation = new ParentDistillation(teacher, _objective, [.. weights.Zip(shares, (weight, share) => weight / share)], settings.KlTemperature);
        _owned.Add(distillation);
        _objective = distillation;
    }

    private void AddPull()
    {
        if (_recipe.Protection.L2 > 0) _regularisers.Add(new PullToStart(StartWeights(), _recipe.Protection.L2));
    }

    /// <summary>Elastic weight consolidation, with its strength in nats: a few plain steps show how far the update would drift.</summary>
    private void AddElasticWeights(CancellationToken cancellation)
    {
        var settings = _recipe.Protection;
        if (settings.EwcNats == 0) return;
        _start.Model.RequireCausal("be protected by 'protection.ewc_nats'; replay and distillation are for it too");
        var old = _data.Old.Where(text => text.Store is not null).Select(text => new SamplerSource(text.Source.Name, text.Store!, text.Store!.TokenCount)).ToList();
        if (old.Count == 0) throw Foundation.CoppiceException.Usage("'protection.ewc_nats' needs old text to tell which weights matter for it: give some with --replay-data FILE");
        var model = _start.Model;
        var anchor = StartWeights();
        var seed = (ulong)_recipe.Seed;
        var fisher = FisherDiagonal.Estimate(model, new SequenceSampler(old, _plan.Training.SequenceLength, seed), settings.EwcSequences, FisherLabels.True, seed, cancellation);
        _owned.Add(fisher);
        Drift(model, seed, cancellation);
        var strength = ElasticWeightConsolidation.StrengthFor(settings.EwcNats, fisher.Values, anchor, model.Parameters.Values);
        model.Parameters.Values.CopyFrom(anchor);
        _regularisers.Add(new ElasticWeightConsolidation([new ElasticAnchor(fisher.Values, anchor, strength)]));
    }

    private void Drift(LanguageModel model, ulong seed, CancellationToken cancellation)
    {
        using var trainer = new Trainer(model, _objective, OptimizerRegistry.Create(model.Parameters, _recipe.Optimizer), seed) { Recomputing = _recipe.Training.Recompute };
        var sampler = new SequenceSampler([.. _plan.Sampler.Sources.Take(_plan.AddedSources)], _plan.Training.SequenceLength, seed);
        PackedBatch[] batches = [.. Enumerable.Range(0, _plan.Training.Accumulation).Select(_ => new PackedBatch())];
        for (var step = 0L; step < Math.Clamp(_plan.Steps / DriftShare, 1, MostDriftSteps); step++)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var batch in batches) sampler.Next(batch, _plan.Training.BatchSize / batches.Length);
            trainer.Apply(trainer.ComputeGradients(batches, step), _plan.Schedule.LearningRate(step, step * _plan.Training.TokensPerStep));
        }
    }

    /// <summary>The weights that are held on to, as the update begins. With new tokens, their rows' initial values too.</summary>
    private FlatBuffer StartWeights()
    {
        if (_startWeights is not null) return _startWeights;
        _startWeights = new FlatBuffer(_start.Model.Backend, _start.Model.Parameters.Values.Count);
        _owned.Add(_startWeights);
        _startWeights.CopyFrom(_start.Model.Parameters.Values);
        return _startWeights;
    }
}
