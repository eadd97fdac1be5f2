using Coppice.Adapters.Directories;
using Coppice.Foundation;
using Coppice.Models;

namespace Coppice.Adapters;

/// <summary>
/// Training an adapter further, on other examples of its task: from its values and its head's, with its own method and settings, on the base that it stands on. A recipe asks for
/// it by <c>model.adapter</c>.
/// </summary>
public static class FurtherTraining
{
    /// <summary>The recipe of a further training: that of the adapter's own, where its directory holds one.</summary>
    /// <param name="adapter">The adapter's directory.</param>
    /// <param name="baseModel">Its base's model directory; null for the one that its files name.</param>
    /// <param name="overrides">Keys that replace what the recipe says; later ones win.</param>
    /// <exception cref="CoppiceException">It is no adapter, its base is not there, it is of another method or for another task, or a key is wrong.</exception>
    public static AdaptRecipe RecipeOf(string adapter, string? baseModel, IEnumerable<string> overrides)
    {
        var (path, method) = (AdapterBase.Find(adapter, baseModel), AdapterDirectory.ReadConfiguration(adapter).Settings.Method);
        var own = Provenance.Load(adapter)?.Task is { } task ? AdaptRecipe.Parse(task.Recipe, Path.Combine(adapter, Provenance.FileName)) : AdaptRecipe.For(method);
        own = own with { Model = own.Model with { Path = path, Adapter = adapter }, Adapter = new AdapterSection { Method = method, LoraPlusRatio = own.Adapter.LoraPlusRatio } };
        var recipe = AdaptRecipe.Parse(own.ToYaml(), $"the recipe of {adapter}", overrides);
        SettingsOf(recipe);
        return recipe;
    }

    /// <summary>Adds the adapter of a recipe to a set, to be trained.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="set">The adapters of the base.</param>
    /// <param name="name">The adapter's name in the set.</param>
    /// <param name="read">Whether its values are wanted; without, it is laid out alone.</param>
    /// <exception cref="CoppiceException">It stands on another base, is of another method, or was trained for another task.</exception>
    internal static void Add(AdaptRecipe recipe, AdapterSet set, string name, bool read)
    {
        var directory = recipe.Model.Adapter;
        // A base that is open has no path, and its owner knows which it is.
        if (recipe.Model.Path.Length > 0) AdapterBase.Require(directory, recipe.Model.Path);
        var settings = SettingsOf(recipe);
        if (read) AdapterDirectory.Load(directory, set, name, trainable: true, recipe.Adapter.LoraPlusRatio);
        else set.Add(name, AdapterLayout.Of(set.Model, settings), trainable: true, _ => { });
    }

    /// <summary>What the head of the adapter tells; null where the recipe asks for no further training, or the adapter has no head.</summary>
    internal static HeadDescription? DescribeHead(AdaptRecipe recipe) => HeadOf(recipe) is { } path ? HeadFile.ReadDescription(path) : null;

    /// <summary>Gives a head the values of the adapter's, where there is one.</summary>
    internal static void ReadHead(AdaptRecipe recipe, TaskHead head, LanguageModel model)
    {
        if (HeadOf(recipe) is not { } path) return;
        var (saved, _) = HeadFile.Load(path, model);
        using (saved) head.Parameters.Values.CopyFrom(saved.Parameters.Values);
    }

    /// <summary>The adapter's settings, if it is what the recipe takes it for.</summary>
    private static AdapterSettings SettingsOf(AdaptRecipe recipe)
    {
        var directory = recipe.Model.Adapter;
        var settings = AdapterDirectory.ReadConfiguration(directory).Settings;
        if (settings.Method != recipe.Adapter.Method) throw CoppiceException.Usage($"{directory}: is trained further by its own method, {settings.Method}, and not by {recipe.Adapter.Method}");
        if (Provenance.Load(directory)?.Task is { } task && task.Name != recipe.Task.Name) throw CoppiceException.Usage($"{directory}: was trained for {task.Name}, and goes on with that, not with {recipe.Task.Name}");
        return settings with { LoraPlusRatio = recipe.Adapter.LoraPlusRatio };
    }

    private static string? HeadOf(AdaptRecipe recipe) =>
        recipe.Model.Adapter.Length > 0 && Path.Combine(recipe.Model.Adapter, HeadFile.FileName) is var path && File.Exists(path) ? path : null;
}
