using System.Globalization;
using Coppice.Foundation;
using Coppice.Models;

namespace Coppice.Adapters;

/// <summary>The projections of a model that settings mean, by the rules of PEFT.</summary>
public static class TargetSelection
{
    /// <summary>The targets of an adapter, in the order of the model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="targets">Which are meant: the settings' targets, or what is usual.</param>
    /// <param name="feedForward">Those of them whose input (IA)3 scales; null for none.</param>
    /// <exception cref="CoppiceException">No projection is meant, or a rank can't be.</exception>
    public static IReadOnlyList<TargetModule> Select(LanguageModel model, AdapterSettings settings, TargetPattern targets, TargetPattern? feedForward = null)
    {
        if (targets.Expression is not null && !targets.IsAllLinear && settings.Layers.Count > 0)
            throw CoppiceException.Usage("layers can be chosen by number where target modules are a list of names, not an expression");
        if (model.Projections.Count == 0) throw CoppiceException.Usage($"the projections of a {model.Configuration.ModelType} model can't be replaced, which adapters need: it builds them itself, not through its model");
        var selected = model.Projections.Where(slot => IsTarget(slot.Name, targets, settings)).Select(slot => Target(slot, settings, feedForward)).ToList();
        if (selected.Count == 0) throw CoppiceException.Usage($"no projection of the {model.Configuration.ModelType} model is a target; it has {Describe(model)}");
        return selected;
    }

    /// <summary>Refuses names of targets that mean nothing in a model: PEFT overlooks them, and a misspelt one would be an adapter with a hole.</summary>
    /// <param name="model">The model.</param>
    /// <param name="targets">The targets.</param>
    /// <exception cref="CoppiceException">A name means no projection (exit code 2).</exception>
    public static void RequireAll(LanguageModel model, TargetPattern targets)
    {
        foreach (var name in targets.Names)
        {
            if (model.Projections.Any(slot => TargetPattern.IsEnd(slot.Name, name))) continue;
            throw CoppiceException.Usage($"target module '{name}' is no projection of the {model.Configuration.ModelType} model{NearestName.Hint(name, Ends(model))} (it has {Describe(model)}; embeddings and the head can't be adapted)");
        }
    }

    private static bool IsTarget(string path, TargetPattern targets, AdapterSettings settings)
    {
        if (settings.ModulesToSave.Any(name => TargetPattern.IsEnd(path, name))) return false;
        if (settings.Exclude?.Matches(path) == true) return false;
        return targets.Matches(path) && (settings.Layers.Count == 0 || (LayerOf(path, settings.LayersPattern) is { } layer && settings.Layers.Contains(layer)));
    }

    private static TargetModule Target(ProjectionSlot slot, AdapterSettings settings, TargetPattern? feedForward)
    {
        var rank = TargetPattern.First(settings.RankPattern, slot.Name, settings.Rank);
        if (rank < 1) throw CoppiceException.Usage($"a rank of {rank} for '{slot.Name}': 1 is the least");
        var alpha = TargetPattern.First(settings.AlphaPattern, slot.Name, settings.Alpha);
        if (!double.IsFinite(alpha)) throw CoppiceException.Usage($"alpha for '{slot.Name}' is no number");
        return new TargetModule(slot, rank, alpha, ScalesInput: feedForward?.Matches(slot.Name) == true);
    }

    /// <summary>The number of the layer that a path lies in: the first segment of digits, or the one behind one of the given names; null where there is none.</summary>
    internal static int? LayerOf(string path, IReadOnlyList<string> behind)
    {
        var segments = path.Split('.');
        for (var i = 1; i < segments.Length - 1; i++)
        {
            if (!segments[i].All(char.IsAsciiDigit) || (behind.Count > 0 && !behind.Contains(segments[i - 1]))) continue;
            if (int.TryParse(segments[i], NumberStyles.None, CultureInfo.InvariantCulture, out var layer)) return layer;
        }

        return null;
    }

    private static IEnumerable<string> Ends(LanguageModel model) => model.Projections.Select(slot => slot.Name[(slot.Name.LastIndexOf('.') + 1)..]).Distinct();

    private static string Describe(LanguageModel model) => string.Join(", ", Ends(model));
}
