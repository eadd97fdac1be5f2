using Coppice.Adapters.Directories;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Tokenizers.ChatTemplates;

namespace Coppice.Adapters;

/// <summary>A model that was adapted to a task, opened to be used: the directory that <see cref="AdaptRun"/> leaves, and of an adapter the base that it stands on.</summary>
public sealed class AdaptedTask : IDisposable
{
    private readonly AdaptTask _task;
    private readonly AdapterSet? _adapters;
    private readonly TaskHead? _head;
    private readonly TaskContext _context;

    private AdaptedTask(string directory, AdaptRecipe recipe, string baseDirectory, Backend backend)
    {
        (Recipe, _task) = (recipe, AdaptTasks.Find(recipe.Task.Name));
        Model = recipe.Adapter.IsFull ? ModelDirectory.Load(directory, backend) : ModelDirectory.Load(baseDirectory, backend, recipe.Model.Quantize);
        try
        {
            if (!recipe.Adapter.IsFull)
            {
                _adapters = new AdapterSet(Model);
                AdapterBase.Load(directory, baseDirectory, _adapters, Adaptation.AdapterName);
                _adapters.Activate(Adaptation.AdapterName);
            }

            var head = Path.Combine(directory, HeadFile.FileName);
            if (File.Exists(head)) (_head, Description) = HeadFile.Load(head, Model);
            Tokenizer = Tokenizer.Load(directory);
            _context = new TaskContext(
                Model, Tokenizer, AdaptBase.TemplateOf(directory, recipe), recipe.Task, TaskContext.MostTokens(Model, recipe.Training.MaxTokens), recipe.Training.BatchTokens,
                examples => Reference(examples, baseDirectory));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The recipe that it was adapted by.</summary>
    public AdaptRecipe Recipe { get; }

    /// <summary>The model, with the adapter on.</summary>
    public LanguageModel Model { get; }

    /// <summary>Its tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>What the head tells; null for a task without one.</summary>
    public HeadDescription? Description { get; }

    /// <summary>Whether a directory holds what was adapted to a task.</summary>
    /// <param name="directory">The directory.</param>
    public static bool Exists(string directory) => Directory.Exists(directory) && Provenance.Load(directory) is { Task: not null };

    /// <summary>Opens what was adapted.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="baseDirectory">The base's directory; null for where it was.</param>
    /// <exception cref="CoppiceException">It is nothing that was adapted here, or the base is not there or another one.</exception>
    public static AdaptedTask Open(string directory, Backend backend, string? baseDirectory = null)
    {
        var provenance = Provenance.Load(directory);
        if (provenance?.Task is not { } task) throw new CoppiceException($"{directory}: its {Provenance.FileName} names no task that it was adapted to");
        var recipe = AdaptRecipe.Parse(task.Recipe, Path.Combine(directory, Provenance.FileName));
        if (recipe.Adapter.IsFull) return new AdaptedTask(directory, recipe, baseDirectory ?? BaseOf(directory, provenance), backend);
        var found = AdapterBase.Find(directory, baseDirectory);
        AdapterBase.Require(directory, found);
        return new AdaptedTask(directory, recipe, found, backend);
    }

    /// <summary>Measures on examples.</summary>
    /// <param name="files">Their files, in the form that the training's had.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="CoppiceException">A file can't be read, or has a label that training knew nothing of.</exception>
    public TaskMetrics Evaluate(IReadOnlyList<string> files, CancellationToken cancellation = default) => Measurement(_task.Read(files, Recipe.Task)).Measure(cancellation);

    /// <summary>What the head makes of examples.</summary>
    /// <param name="data">The examples.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>[examples][rows][outputs].</returns>
    public IReadOnlyList<float[][]> Scores(TaskData data, CancellationToken cancellation = default) => Measurement(data).Scores(cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        _adapters?.Dispose();
        _head?.Dispose();
        Model.Dispose();
    }

    private TaskMeasurement Measurement(TaskData data) => TaskMeasurement.Of(_task, data, _context, Description, _head is null ? null : Description!.Objective(_head));

    /// <summary>Log-probabilities under the base.</summary>
    private IReadOnlyList<double[]> Reference(IReadOnlyList<TaskExample> examples, string baseDirectory)
    {
        if (_adapters is null)
        {
            using var @base = ModelDirectory.Load(baseDirectory, Model.Backend);
            return PreferenceObjective.LogProbabilities(@base, examples, Recipe.Training.BatchTokens);
        }

        _adapters.Deactivate();
        try
        {
            return PreferenceObjective.LogProbabilities(Model, examples, Recipe.Training.BatchTokens);
        }
        finally
        {
            _adapters.Activate(Adaptation.AdapterName);
        }
    }

    private static string BaseOf(string directory, Provenance provenance) => provenance.Parent is { } parent ? Provenance.ResolvePath(directory, parent.Path) : directory;
}
