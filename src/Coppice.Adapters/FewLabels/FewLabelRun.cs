using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Checkpoints;
using Coppice.Training.Loop;
using Coppice.Training.Metrics;

namespace Coppice.Adapters;

/// <summary>What a person is asked to label next.</summary>
/// <param name="Path">The annotation file to create.</param>
/// <param name="Count">How many texts.</param>
/// <param name="Unlabelled">The texts to pick from.</param>
public sealed record AnnotationRequest(string Path, int Count, IReadOnlyList<UnlabelledText> Unlabelled);

/// <summary>
/// Few labels from recipe to directory: as <see cref="AdaptRun"/>, for a classification, with <see cref="FewLabelTraining"/> in place of one training. It keeps no
/// checkpoints: what is interrupted begins anew.
/// </summary>
public static class FewLabelRun
{
    /// <summary>Runs to the end.</summary>
    /// <param name="request">Recipe, directory, and whom to tell.</param>
    /// <param name="settings">What is done with few labels.</param>
    /// <param name="annotation">What is written to be labelled afterwards; null for nothing.</param>
    /// <param name="observers">See what happens.</param>
    /// <param name="cancellation">Ends it, and nothing is written.</param>
    /// <exception cref="CoppiceException">Something is wrong with the input, the disk or the training.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static AdaptRunResult Execute(
        AdaptRequest request, FewLabelSettings settings, AnnotationRequest? annotation, IReadOnlyList<IRunObserver> observers, CancellationToken cancellation)
    {
        var (recipe, directory) = (request.Recipe, request.Directory);
        recipe.Validate();
        if (request.Resume) throw CoppiceException.Usage("a run with few labels keeps no checkpoints, and can't be resumed: begin it anew");
        AdaptRun.RequireOther(directory, recipe);
        // Before hours of training.
        if (annotation is not null) AnnotationFile.RequireNew(annotation.Path);
        var (training, validation) = TaskFiles.Read(recipe);
        if (training is not TaskData<LabelledText> labelled || AdaptTasks.Find(recipe.Task.Name) is not ClassificationTask)
            throw CoppiceException.Usage($"texts without labels, own samples and annotation are for the tasks classification and pairs, and this is {recipe.Task.Name}");
        settings.Check(labelled.Items);
        using var backend = Backends.Create(recipe.Training.Threads);
        // A base that is trained itself would be another one in the next round: it stays as it is, and copies of it are trained.
        using var opened = AdaptBase.Open(recipe.Model.Path, recipe with { Adapter = new AdapterSection() }, backend);
        RunDirectory.Claim(directory, new CheckpointStore(directory, 1, request.Notice), resume: false, recipe.ToYaml());
        using var run = FewLabelTraining.Run(opened, recipe, labelled, validation, settings, request.Notice, observers, cancellation);
        cancellation.ThrowIfCancellationRequested();
        var (adaptation, done) = (run.Adaptation, run.Result);
        AtomicFile.WriteText(Path.Combine(directory, PretrainRun.RecipeFile), recipe.ToYaml());
        AdaptationOutput.Save(adaptation, done, directory, recipe.Model.Path, TaskFiles.Sources(recipe, adaptation));
        if (annotation is not null)
        {
            IReadOnlyList<LabelledText> measured = validation is TaskData<LabelledText> texts ? texts.Items : [];
            var written = ActiveLearningRound.Write(adaptation, opened, [.. labelled.Items, .. settings.Annotated, .. measured], annotation.Unlabelled, annotation.Count, annotation.Path);
            request.Notice(FormattableString.Invariant($"{annotation.Path}: {written} texts are to be labelled; name it by --annotated when some are"));
        }

        foreach (var observer in observers) observer.Finished(new RunEnd(done.Steps, done.Interrupted));
        return AdaptRunResult.Of(adaptation, done, directory);
    }
}
