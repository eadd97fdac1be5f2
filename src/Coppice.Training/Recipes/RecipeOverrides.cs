using Coppice.Foundation;

namespace Coppice.Training.Recipes;

/// <summary>Puts overrides such as <c>optimizer.learning_rate=3e-4</c> into a recipe before it is bound, so that they are checked like the rest.</summary>
internal static class RecipeOverrides
{
    /// <summary>The recipe with the overrides in it, later ones winning.</summary>
    public static RecipeMapping Apply(RecipeMapping recipe, IEnumerable<string> overrides)
    {
        foreach (var text in overrides)
        {
            var where = $"--set {text}";
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0) throw CoppiceException.Usage($"{where}: must have the form section.key=value");
            var keys = text[..equals].Split('.');
            if (keys.Contains("")) throw CoppiceException.Usage($"{where}: must have the form section.key=value");
            recipe = With(recipe, keys, Value(text[(equals + 1)..], where), where);
        }

        return recipe;
    }

    private static RecipeMapping With(RecipeMapping mapping, ReadOnlySpan<string> keys, RecipeNode value, string where)
    {
        if (keys.Length > 1)
        {
            var inner = mapping.Entries.TryGetValue(keys[0], out var entry) && entry.Value is not RecipeScalar { IsMissing: true }
                ? entry.Value as RecipeMapping ?? throw CoppiceException.Usage($"{where}: '{keys[0]}' has no keys inside it; set it as a whole")
                : new RecipeMapping(where, []);
            value = With(inner, keys[1..], value, where);
        }

        // A section that is there keeps its own place: only the value that was overridden moves.
        var keyWhere = keys.Length > 1 && mapping.Entries.TryGetValue(keys[0], out var old) ? old.KeyWhere : where;
        return mapping with { Entries = new(mapping.Entries, StringComparer.Ordinal) { [keys[0]] = (keyWhere, value) } };
    }

    // What looks like a list, a section or a quoted string is read as YAML; anything else is taken as it stands, so that a path with a colon needs no quotes.
    private static RecipeNode Value(string text, string where) => text.Length > 0 && "[{\"'".Contains(text[0], StringComparison.Ordinal)
        ? Relocate(RecipeReader.Read(text, where)!, where)
        : new RecipeScalar(where, text, IsPlain: true);

    private static RecipeNode Relocate(RecipeNode node, string where) => node switch
    {
        RecipeList list => new RecipeList(where, [.. list.Items.Select(item => Relocate(item, where))]),
        RecipeMapping mapping => new RecipeMapping(where, mapping.Entries.ToDictionary(entry => entry.Key, entry => (where, Relocate(entry.Value.Value, where)), StringComparer.Ordinal)),
        _ => node with { Where = where },
    };
}
