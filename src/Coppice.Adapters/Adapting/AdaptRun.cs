using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Checkpoints;
using Coppice.Training.Loop;
using Coppice.Training.Metrics;

namespace Coppice.Adapters;

/// <summary>What a run is asked to do.</summary>
public sealed record AdaptRequest
{
    /// <summary>The recipe, with its model and files.</summary>
    public required AdaptRecipe Recipe { get; init; }

    /// <summary>The directory that takes everything the run writes: in the end it is the adapter's, or the model's.</summary>
    public required string Directory { get; init; }

    /// <summary>Go on from the latest checkpoint in the directory, or begin where there is none.</summary>
    public bool Resume { get; init; }

    /// <summary>Receives lines about the stages of the run, for people.</summary>
    public Action<string> Notice { get; init; } = _ => { };

    /// <summary>Receives lines that only help to look into the run.</summary>
    public Action<string> Detail { get; init; } = _ => { };
}

/// <summary>What a run gave.</summary>
/// <param name="Task">The task.</param>
/// <param name="Method">The method.</param>
/// <param name="Trained">Values that were trained.</param>
/// <param name="Parameters">Parameters of the model.</param>
/// <param name="Training">The training.</param>
/// <param name="Directory">The adapter's or the model's directory; of a run that was interrupted, the latest checkpoint's.</param>
public sealed record AdaptRunResult(string Task, string Method, long Trained, long Parameters, AdaptationResult Training, string Directory)
{
    /// <summary>Of an adaptation that was trained.</summary>
    internal static AdaptRunResult Of(Adaptation adaptation, AdaptationResult training, string directory) => new(
        adaptation.Recipe.Task.Name, adaptation.Recipe.Adapter.Method, adaptation.TrainedCount, adaptation.Base.Model.Configuration.Plan().Sum(parameter => parameter.Shape.Count), training, directory);
}

/// <summary>
/// Adapting a model from recipe to directory: <c>recipe.yaml</c> (runs again as it is), <c>checkpoints/</c>, <c>metrics.jsonl</c>, and at the end the adapter as PEFT has
/// it (or the model, where that was trained itself) with the head, the tokenizer and <c>coppice.json</c>. The base's directory is only read.
/// </summary>
public sealed class AdaptRun
{
    private readonly AdaptRequest _request;
    private readonly AdaptRecipe _recipe;
    private readonly IReadOnlyList<IRunObserver> _outside;

    /// <summary>Prepares a run; nothing is read or written yet.</summary>
    /// <param name="request">What to do.</param>
    /// <param name="observers">See what happens, beside the files that the run writes.</param>
    public AdaptRun(AdaptRequest request, IReadOnlyList<IRunObserver>? observers = null) => (_request, _recipe, _outside) = (request, request.Recipe, observers ?? []);

    /// <summary>Runs to the end, or until it is cancelled: then the step is finished and everything saved.</summary>
    /// <param name="cancellation">Cancels.</param>
    /// <exception cref="CoppiceException">Something is wrong with the input, the disk or the training; the message says what. Checkpoints stay as they are.</exception>
    public AdaptRunResult Execute(CancellationToken cancellation)
    {
        _recipe.Validate();
        var directory = _request.Directory;
        RequireOther(directory, _recipe);
        var (training, validation) = TaskFiles.Read(_recipe);
        using var backend = Backends.Create(_recipe.Training.Threads);
        using var opened = AdaptBase.Open(_recipe.Model.Path, _recipe, backend);
        // What quantising left on the managed heap would stay resident for the whole run.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        using var adaptation = Adaptation.Prepare(opened, _recipe, training, validation);
        var checkpoints = new CheckpointStore(directory, _recipe.Training.KeepCheckpoints, Warn);
        RunDirectory.Claim(directory, checkpoints, _request.Resume, _recipe.ToYaml());
        AtomicFile.WriteText(Path.Combine(directory, PretrainRun.RecipeFile), _recipe.ToYaml());
        Tell(adaptation);
        var checkpoint = _request.Resume ? checkpoints.LoadLatest() : null;
        using var metrics = new MetricsWriter(Path.Combine(directory, MetricsFile.Name), checkpoint?.Step);
        IReadOnlyList<IRunObserver> observers = [metrics, .. _outside];
        var done = adaptation.Train(new AdaptationFiles { Checkpoints = checkpoints, From = checkpoint, Notice = _request.Notice, Detail = _request.Detail }, observers, cancellation);
        if (!done.Interrupted) AdaptationOutput.Save(adaptation, done, directory, _recipe.Model.Path, TaskFiles.Sources(_recipe, adaptation));
        foreach (var observer in observers) observer.Finished(new RunEnd(done.Steps, done.Interrupted));
        return AdaptRunResult.Of(adaptation, done, done.Interrupted ? checkpoints.LoadLatest()?.Directory ?? "" : directory);
    }

    /// <summary>Refuses the directory of the base, or of the adapter that is trained further, for the result.</summary>
    internal static void RequireOther(string directory, AdaptRecipe recipe)
    {
        if (Path.GetFullPath(directory) == Path.GetFullPath(recipe.Model.Path)) throw CoppiceException.Usage($"{directory}: is the model that is to be adapted: name another directory for the result");
        if (recipe.Model.Adapter.Length > 0 && Path.GetFullPath(directory) == Path.GetFullPath(recipe.Model.Adapter)) throw CoppiceException.Usage($"{directory}: is the adapter that is to be trained further: name another directory for the result");
    }

    private void Tell(Adaptation adaptation)
    {
        _request.Notice($"training: {adaptation.Examples}");
        if (adaptation.ValidationExamples is { } validation) _request.Notice($"validation: {validation}");
        else Warn("nothing is measured: there are no validation examples");
        if (adaptation.Description is { Labels.Count: > 0 } head) WarnOfLabels(adaptation, head);
        _request.Notice(FormattableString.Invariant($"{_recipe.Adapter.Method}: {adaptation.TrainedCount:N0} values are trained on a {adaptation.Model.Configuration.ModelType} model, {adaptation.TotalSteps:N0} steps, on {adaptation.Model.Backend.Name}"));
    }

    private void WarnOfLabels(Adaptation adaptation, HeadDescription head)
    {
        if (adaptation.ValidationExamples is not { } validation) return;
        var seen = TaskGuesses.RightClasses(validation.Examples).ToHashSet();
        var unseen = head.Labels.Where((_, label) => !seen.Contains(label)).ToList();
        if (unseen.Count > 0) Warn($"of {unseen.Count} labels there is no validation example: {string.Join(", ", unseen.Take(10))}{(unseen.Count > 10 ? ", …" : "")}");
    }

    private void Warn(string message) => _request.Notice("warning: " + message);
}
