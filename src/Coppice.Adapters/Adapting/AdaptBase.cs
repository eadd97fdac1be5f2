using Coppice.Adapters.Directories;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Tokenizers.ChatTemplates;

namespace Coppice.Adapters;

/// <summary>The model that is adapted, with its tokenizer and chat template.</summary>
/// <param name="Model">The model: frozen, and then shared by adaptations one after the other, or trainable, which a full fine-tuning changes.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
/// <param name="Template">Its chat template, or null.</param>
public sealed record AdaptBase(LanguageModel Model, Tokenizer Tokenizer, ChatTemplate? Template) : IDisposable
{
    /// <summary>Opens a base as a recipe needs it: trainable for <c>full</c>, frozen or quantised for adapters.</summary>
    /// <param name="directory">A model directory.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="backend">Computes.</param>
    /// <exception cref="CoppiceException">The model can't be read or can't do the task, or the task needs a chat template and there is none.</exception>
    public static AdaptBase Open(string directory, AdaptRecipe recipe, Backend backend)
    {
        if (AdapterDirectory.Exists(directory)) throw CoppiceException.Usage($"{directory}: is an adapter, not a model: name the model that it stands on");
        var template = TemplateOf(directory, recipe);
        var model = recipe.Adapter.IsFull ? ModelDirectory.Load(directory, backend, trainable: true) : ModelDirectory.Load(directory, backend, recipe.Model.Quantize);
        try
        {
            return new AdaptBase(model, Tokenizer.Load(directory), template);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The chat template that a task uses; null where it uses none.</summary>
    internal static ChatTemplate? TemplateOf(string directory, AdaptRecipe recipe)
    {
        var task = AdaptTasks.Find(recipe.Task.Name);
        var use = task.UsesTemplate(recipe.Task);
        if (use == TemplateUse.Never) return null;
        var template = ChatTemplate.Load(directory);
        if (template is null && use == TemplateUse.Always)
            throw CoppiceException.Usage($"{directory}: the model has no chat template (chat_template.jinja, or chat_template in tokenizer_config.json), and '{task.Name}' writes conversations by it: add one, or take sft for prompts with responses");
        return template;
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();
}
