using Coppice.Foundation;
using Coppice.Models;
using Coppice.Training.Objectives;

namespace Coppice.Adapters;

/// <summary>
/// A kind of task: how its files are read, what a head tells, what is minimised and what is measured. A new one is a class of this kind and a line in
/// <see cref="AdaptTasks"/>.
/// </summary>
public abstract class AdaptTask
{
    /// <summary>Its name in recipes.</summary>
    public abstract string Name { get; }

    /// <summary>What it is, in a few words for people.</summary>
    public abstract string Summary { get; }

    /// <summary>The properties of <see cref="TaskSection"/> that it reads. Others may not be set.</summary>
    internal abstract IReadOnlyList<string> Reads { get; }

    /// <summary>The names of what it measures, beside the loss. The first that can be measured is what it is judged by.</summary>
    internal abstract IReadOnlyList<string> Metrics { get; }

    /// <summary>Whether a model's chat template is used: not at all, where there is one, or always.</summary>
    internal virtual TemplateUse UsesTemplate(TaskSection settings) => TemplateUse.Never;

    /// <summary>Reads examples.</summary>
    /// <param name="files">The files, one after another.</param>
    /// <param name="settings">Which fields to read.</param>
    /// <exception cref="CoppiceException">A file can't be read, holds nothing, or a record is none of the task's: the message has file and line.</exception>
    public abstract TaskData Read(IReadOnlyList<string> files, TaskSection settings);

    /// <summary>Refuses a model that can't do the task.</summary>
    internal virtual void Check(LanguageModel model)
    {
    }

    /// <summary>The head that the training data ask for; null for a task without one.</summary>
    /// <exception cref="CoppiceException">Labels of the data and of the recipe don't agree.</exception>
    internal virtual HeadDescription? Describe(TaskData training, TaskSection settings, ModelConfiguration configuration) => null;

    /// <summary>Examples as tokens.</summary>
    /// <param name="data">The examples.</param>
    /// <param name="context">The model and its settings.</param>
    /// <param name="head">What the head tells, or null.</param>
    /// <param name="training">Whether they are trained on, so that class weights count.</param>
    /// <exception cref="CoppiceException">There is nothing to learn, or a label never occurs in the training data.</exception>
    internal abstract RenderedTask Render(TaskData data, TaskContext context, HeadDescription? head, bool training);

    /// <summary>What is minimised.</summary>
    /// <param name="data">The examples.</param>
    /// <param name="rendered">The same as tokens.</param>
    /// <param name="context">The model, as training begins from it.</param>
    /// <param name="head">The head's objective, or null.</param>
    internal abstract IObjective Objective(TaskData data, RenderedTask rendered, TaskContext context, HeadObjective? head);

    /// <summary>Measures.</summary>
    /// <param name="evaluator">Of the model.</param>
    /// <param name="measured">What is measured on.</param>
    /// <param name="intervals">Whether intervals are wanted.</param>
    /// <param name="cancellation">Ends it.</param>
    internal abstract TaskMetrics Measure(TaskEvaluator evaluator, MeasuredTask measured, bool intervals, CancellationToken cancellation);
}

/// <summary>What a task is measured on.</summary>
/// <param name="Data">The examples.</param>
/// <param name="Rendered">The same as tokens.</param>
/// <param name="Objective">What is minimised, for these examples.</param>
/// <param name="Head">What the head tells, or null.</param>
/// <param name="Context">The model and its settings.</param>
internal sealed record MeasuredTask(TaskData Data, RenderedTask Rendered, IObjective Objective, HeadDescription? Head, TaskContext Context)
{
    /// <summary>The examples as tokens.</summary>
    public IReadOnlyList<TaskExample> Examples => Rendered.Examples;
}

/// <summary>A task whose examples are of one type.</summary>
/// <typeparam name="T">An example.</typeparam>
public abstract class AdaptTask<T> : AdaptTask
{
    /// <inheritdoc/>
    public sealed override TaskData Read(IReadOnlyList<string> files, TaskSection settings) => new TaskData<T>([.. files.SelectMany(file => ReadFile(file, settings))]);

    /// <summary>Reads the examples of a file.</summary>
    private protected abstract IReadOnlyList<T> ReadFile(string file, TaskSection settings);

    /// <summary>The examples.</summary>
    private protected static IReadOnlyList<T> Items(TaskData data) =>
        data is TaskData<T> { Items: var items } ? items : throw new ArgumentException($"{data.GetType()} holds other examples than {typeof(T).Name}.", nameof(data));
}

/// <summary>Whether a task writes its examples by the model's chat template.</summary>
internal enum TemplateUse
{
    /// <summary>Not at all.</summary>
    Never,

    /// <summary>Where the model has one.</summary>
    WhereThere,

    /// <summary>The model must have one.</summary>
    Always,
}
