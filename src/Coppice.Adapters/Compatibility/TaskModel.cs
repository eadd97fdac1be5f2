using Coppice.Adapters.Directories;
using Coppice.Continual.Updates;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Tokenizers.ChatTemplates;
using Coppice.Training.Objectives;

namespace Coppice.Adapters;

/// <summary>A model that does a task, opened to be asked: an adapter on its base, or a model directory by itself; with the head beside it where the task has one.</summary>
public sealed class TaskModel : IDisposable
{
    /// <summary>The adapter's name in <see cref="Adapters"/>.</summary>
    internal const string Name = "task";

    // The tasks with a right answer for each item.
    private static readonly string[] Comparable = ["sft", "chat", "classification", "pairs", "tokens"];

    private readonly AdaptRecipe? _recipe;

    private TaskModel(string directory, LanguageModel model, AdaptRecipe? recipe)
    {
        (Directory, Model, Tokenizer, _recipe) = (directory, model, Tokenizer.Load(directory), recipe);
        Adapters = new AdapterSet(model);
    }

    /// <summary>The model directory.</summary>
    public string Directory { get; }

    /// <summary>The model, with the adapter on.</summary>
    public LanguageModel Model { get; }

    /// <summary>Its tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The adapters on it: one, or none.</summary>
    public AdapterSet Adapters { get; }

    /// <summary>The head; null where the task is to answer with text.</summary>
    public TaskHead? Head { get; private set; }

    /// <summary>What the head tells; null where there is none.</summary>
    public HeadDescription? Description { get; private set; }

    /// <summary>Opens an adapter on the base that it was trained on, or a model directory.</summary>
    /// <param name="path">The directory of an adapter, or of a model or a run.</param>
    /// <param name="baseModel">The base of an adapter; null for the one that its files name.</param>
    /// <param name="backend">Computes.</param>
    /// <exception cref="CoppiceException">It can't be opened, or the adapter is for another base.</exception>
    public static TaskModel Open(string path, string? baseModel, Backend backend)
    {
        if (!AdapterDirectory.Exists(path))
        {
            if (baseModel is not null) throw CoppiceException.Usage($"{path}: is not an adapter, and stands on no base");
            var model = ParentModel.Resolve(path);
            return Open(model, model, backend, _ => { });
        }

        var directory = AdapterBase.Find(path, baseModel);
        return Open(directory, path, backend, opened => AdapterBase.Load(path, directory, opened.Adapters, Name));
    }

    /// <summary>Opens an adapter on a base that it was not trained on, to be trained for it.</summary>
    /// <param name="adapter">The adapter's directory.</param>
    /// <param name="baseModel">The base's model directory.</param>
    /// <param name="backend">Computes.</param>
    /// <exception cref="CoppiceException">It can't be opened, or has other shapes than the base.</exception>
    internal static TaskModel Transplant(string adapter, string baseModel, Backend backend) =>
        Open(baseModel, adapter, backend, opened => AdapterDirectory.Load(adapter, opened.Adapters, Name, trainable: true), trainable: true);

    /// <summary>Reads examples of the task.</summary>
    /// <param name="path">The file, in the form that training's had: prompts with responses, conversations, texts with labels, sentences with labelled words.</param>
    /// <param name="pairField">The field with the second text of a pair, where nothing says that it was trained on pairs; null for single texts, or what the training had.</param>
    /// <exception cref="CoppiceException">It can't be read, holds nothing for the task, or the task has no right answers to compare (exit code 2).</exception>
    public RenderedTask Read(string path, string? pairField = null)
    {
        var settings = SettingsOf(pairField);
        var task = AdaptTasks.Find(settings.Name);
        if (!Comparable.Contains(task.Name))
            throw CoppiceException.Usage($"{Directory}: what is answered to '{task.Name}' can't be compared one by one as right or wrong: only {string.Join(", ", Comparable)} can");
        task.Check(Model);
        var template = task.UsesTemplate(settings) == TemplateUse.Never ? null : ChatTemplate.Load(Directory);
        var most = TaskContext.MostTokens(Model, _recipe?.Training.MaxTokens ?? 0);
        var context = new TaskContext(Model, Tokenizer, template, settings, most, BatchTokens: 0, _ => []);
        return task.Render(task.Read([path], settings), context, Description, training: false);
    }

    /// <summary>What the model is trained for.</summary>
    internal IObjective Objective() => Description is null ? new SupervisedObjective() : Description.Objective(Head!);

    /// <inheritdoc/>
    public void Dispose()
    {
        Head?.Dispose();
        Adapters.Dispose();
        Model.Dispose();
    }

    private TaskSection SettingsOf(string? pairField)
    {
        if (_recipe is not null) return pairField is null ? _recipe.Task : _recipe.Task with { PairField = pairField };
        // From elsewhere: the head says what it tells, and without one text is answered.
        var name = Description?.Task switch
        {
            HeadTask.Classes => pairField is null ? "classification" : "pairs",
            HeadTask.Words => "tokens",
            HeadTask.Numbers => "regression",
            HeadTask.Choices => "choice",
            _ => ChatTemplate.SourceOf(Directory) is null ? "sft" : "chat",
        };
        return new TaskSection { Name = name, PairField = pairField ?? "" };
    }

    private static AdaptRecipe? RecipeOf(string directory) =>
        Provenance.Load(directory)?.Task is { } task ? AdaptRecipe.Parse(task.Recipe, Path.Combine(directory, Provenance.FileName)) : null;

    private static TaskModel Open(string directory, string adapted, Backend backend, Action<TaskModel> load, bool trainable = false)
    {
        var model = ModelDirectory.Load(directory, backend);
        TaskModel? opened = null;
        try
        {
            opened = new TaskModel(directory, model, RecipeOf(adapted));
            load(opened);
            if (opened.Adapters.Names.Count > 0) opened.Adapters.Activate(Name);
            var head = Path.Combine(adapted, HeadFile.FileName);
            if (File.Exists(head)) (opened.Head, opened.Description) = HeadFile.Load(head, model, trainable);
            return opened;
        }
        catch
        {
            if (opened is not null) opened.Dispose();
            else model.Dispose();
            throw;
        }
    }
}
