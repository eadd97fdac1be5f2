using Coppice.Adapters.Directories;
using Coppice.Continual.Updates;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Tokenizers.ChatTemplates;

namespace Coppice.Adapters;

/// <summary>A model that does a task, opened to be asked: an adapter on its base, or a model directory by itself; with the head beside it where the task has one.</summary>
public sealed class TaskModel : IDisposable
{
    /// <summary>The adapter's name in <see cref="Adapters"/>.</summary>
    internal const string Name = "task";

    private TaskModel(string directory, LanguageModel model)
    {
        (Directory, Model, Tokenizer) = (directory, model, Tokenizer.Load(directory));
        Template = ChatTemplate.Load(directory);
        Adapters = new AdapterSet(model);
    }

    /// <summary>The model directory.</summary>
    public string Directory { get; }

    /// <summary>The model, with the adapter on.</summary>
    public LanguageModel Model { get; }

    /// <summary>Its tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>Its chat template; null where it has none.</summary>
    public ChatTemplate? Template { get; }

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
    /// <param name="path">The file: prompts with responses or conversations where the task is to answer with text; texts with labels; sentences with labelled words.</param>
    /// <param name="fields">Which fields hold a labelled text; null for the usual ones.</param>
    /// <exception cref="CoppiceException">It can't be read, holds nothing for the task, or the task has no right answers to compare (exit code 2).</exception>
    public RenderedTask Read(string path, LabelledFields? fields = null)
    {
        var most = Model.Configuration.MaxPositions;
        if (Description is null)
        {
            Model.RequireCausal("answer a prompt");
            return SupervisedRendering.Render(Conversation.Read(path), Tokenizer, Template, most);
        }

        return Description.Task switch
        {
            HeadTask.Classes => ClassificationRendering.Classes(LabelledText.Read(path, fields), LabelSet.FromNames(Description.Labels), Tokenizer, most),
            HeadTask.Words => TokenClassificationRendering.Render(
                path.EndsWith(".conllu", StringComparison.OrdinalIgnoreCase) ? LabelledWords.ReadConllu(path) : LabelledWords.ReadColumns(path),
                LabelSet.FromNames(Description.Labels), Tokenizer, most, Description.Place),
            _ => throw CoppiceException.Usage($"{Directory}: answers of the task '{Description.Task.ToString().ToLowerInvariant()}' can't be compared one by one as right or wrong: only those of classes, words and texts can"),
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Head?.Dispose();
        Adapters.Dispose();
        Model.Dispose();
    }

    private static TaskModel Open(string directory, string withHead, Backend backend, Action<TaskModel> load, bool trainable = false)
    {
        var model = ModelDirectory.Load(directory, backend);
        TaskModel? opened = null;
        try
        {
            opened = new TaskModel(directory, model);
            load(opened);
            if (opened.Adapters.Names.Count > 0) opened.Adapters.Activate(Name);
            var head = Path.Combine(withHead, HeadFile.FileName);
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
