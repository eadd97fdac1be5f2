using Coppice.Continual.Gates;
using Coppice.Continual.Recipes;
using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Checkpoints;
using Coppice.Training.Loop;
using Coppice.Training.Metrics;
using Coppice.Training.Objectives;
using Coppice.Training.Recipes;
using Coppice.Training.Schedules;

namespace Coppice.Continual.Updates;

/// <summary>
/// An update from a model directory and new text to a new model directory, or to a refusal. Its directory holds <c>recipe.yaml</c>, <c>data/</c> (the new text's
/// token stores), <c>baseline.json</c> (what the parent makes of everything), <c>checkpoints/</c>, <c>metrics.jsonl</c>, <c>trunk/</c> (the undecayed state, which
/// the next update goes on from), and at the end <c>model/</c> or, where the gate said no, <c>candidate/</c>, with <c>update.json</c> and <c>report.html</c>. The parent's
/// directory is only read.
/// </summary>
public sealed class UpdateRun
{
    /// <summary>The refused model in an update's directory.</summary>
    public const string CandidateFolder = "candidate";

    private readonly UpdateRequest _request;
    private readonly UpdateRecipe _recipe;
    private readonly IReadOnlyList<IRunObserver> _outside;

    /// <summary>Prepares an update; nothing is read or written yet.</summary>
    /// <param name="request">What to do.</param>
    /// <param name="observers">See what happens, beside the files that the update writes.</param>
    public UpdateRun(UpdateRequest request, IReadOnlyList<IRunObserver>? observers = null) => (_request, _recipe, _outside) = (request, request.Recipe, observers ?? []);

    /// <summary>Updates, or stops where it is cancelled: then the step is finished and everything saved.</summary>
    /// <param name="cancellation">Cancels.</param>
    /// <exception cref="CoppiceException">Something is wrong with the input, the disk or the training; the message says what. The parent is as it was.</exception>
    public UpdateResult Execute(CancellationToken cancellation)
    {
        _recipe.Validate();
        var gate = new Gate(_recipe.Gate);
        gate.RequireMeasured(_recipe.Evaluation);
        UpdateProbes.RequireReadable(_recipe.Evaluation);
        var parent = ParentModel.Open(_recipe.Parent);
        RequireApart(parent);
        var checkpoints = new CheckpointStore(_request.Directory, _recipe.Training.KeepCheckpoints, Warn);
        RunDirectory.Claim(_request.Directory, checkpoints, _request.Resume, _recipe.ToYaml());
        // At once, so that an update that is stopped while it prepares can be gone on with too.
        AtomicFile.WriteText(Path.Combine(_request.Directory, PretrainRun.RecipeFile), _recipe.ToYaml());
        using var backend = Backends.Create(_recipe.Training.Threads);
        using var start = UpdateStart.Open(_request, parent, backend, cancellation);
        using var teacher = ModelDirectory.Load(parent.Directory, backend);
        UpdateProbes.RequireAnswers(_recipe.Evaluation, teacher);
        ObjectiveRegistry.Check(_recipe.Objective, teacher.Configuration);
        if (_recipe.Objective.Name == "slm") _request.Notice("warning: what is measured is how well the model tells tokens behind the mask token, which a model of slm has never seen");
        using var data = UpdateData.Prepare(_request, parent, teacher, start.TokenizerPath, cancellation);
        var objective = ObjectiveRegistry.Create(_recipe.Objective, start.Model.Configuration, data.Tokenizer);
        var baseline = Baseline.LoadOrMeasure(_request, parent, teacher, data, cancellation);
        using var added = AddedText.Choose(_request, data, teacher, cancellation);
        var plan = UpdatePlan.Make(_request, parent, teacher, start, data, added, baseline, objective, cancellation);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        using var protection = UpdateProtection.Create(_recipe, plan, objective, teacher, start, data, cancellation);
        var checkpoint = _request.Resume ? checkpoints.LoadLatest() : null;
        if (checkpoint is not null) RunState.LoadWeights(checkpoint.Directory, start.Model);
        using var trainer = protection.CreateTrainer();
        using var metrics = new MetricsWriter(Path.Combine(_request.Directory, MetricsFile.Name), checkpoint?.Step);
        IReadOnlyList<IRunObserver> observers = [metrics, .. _outside];
        var points = EvaluationPoints.Of(plan.Steps, _recipe.Evaluation.Points);
        var partTokens = _recipe.Evaluation.MaxTokens > 0 ? _recipe.Evaluation.MaxTokens : plan.PartTokens(points.Count, data.HeldOut.Count);
        var parts = data.HeldOut.Select(source => source.Part(partTokens)).ToList();
        var loop = new TrainingLoop(new LoopParts
        {
            Training = plan.Training, Model = start.Model, Tokenizer = data.Tokenizer, Trainer = trainer, Data = new SequenceSteps(plan.Sampler, plan.Training), Schedule = plan.Schedule, Checkpoints = checkpoints,
            Trunk = plan.TrunkStep is { } step ? new Trunk(step, Path.Combine(_request.Directory, PretrainRun.TrunkFolder)) : null,
            Probes = [new SourceProbe(points, parts, data.Tokenizer)], Observers = observers, Notice = _request.Notice, Detail = _request.Detail,
        });
        if (checkpoint is not null) loop.Restore(checkpoint);
        else if (plan.Trunk is { } trunk && _recipe.Start.Optimizer == "keep" && !start.Grown)
        {
            var anew = RunState.LoadOptimizer(trunk.Directory, trainer.Optimizer);
            if (anew.Count > 0) _request.Notice($"the trunk's optimizer has no {string.Join(", ", anew)}: begun anew");
        }

        var done = loop.Run(cancellation);
        var release = new UpdateRelease(_request, parent, start, data, baseline, plan, gate, teacher, parts);
        var result = done.Interrupted
            ? release.Interrupted(done, checkpoints.LoadLatest()?.Directory ?? "")
            : loop.WithReleasedWeights(() => release.Decide(done, cancellation));
        foreach (var observer in observers) observer.Finished(new RunEnd(done.Steps, done.Interrupted));
        return result;
    }

    /// <summary>The parent must survive whatever happens: nothing is written into it or around it, where the stores of its run are.</summary>
    private void RequireApart(ParentModel parent)
    {
        if (Holds(parent.Directory, _request.Directory)) throw CoppiceException.Usage($"{_request.Directory}: lies in the parent's directory; name another one for the update");
        if (Holds(_request.Directory, parent.Directory)) throw CoppiceException.Usage($"{_request.Directory}: holds the parent; name another directory for the update");

        static bool Holds(string outer, string inner) => WithSeparator(inner).StartsWith(WithSeparator(outer), StringComparison.Ordinal);

        static string WithSeparator(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)) + Path.DirectorySeparatorChar;
    }

    private void Warn(string message) => _request.Notice("warning: " + message);
}
