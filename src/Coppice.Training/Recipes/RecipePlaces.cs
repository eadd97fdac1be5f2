namespace Coppice.Training.Recipes;

/// <summary>Where a recipe's keys were written, for messages.</summary>
/// <param name="SourceName">The file.</param>
/// <param name="Keys">Each key that was written, such as <c>model.heads</c>, with its file and line or its override.</param>
public sealed record RecipePlaces(string SourceName, IReadOnlyDictionary<string, string> Keys)
{
    /// <summary>The places of a recipe that was put together in code.</summary>
    public static RecipePlaces InCode { get; } = new("recipe", new Dictionary<string, string>());

    /// <summary>Whether a key was written, rather than left to its default.</summary>
    /// <param name="key">The key.</param>
    public bool Has(string key) => Keys.ContainsKey(key);

    /// <summary>The place of the first of the keys that was written, or else the file.</summary>
    /// <param name="keys">The keys.</param>
    public string Of(params ReadOnlySpan<string> keys)
    {
        foreach (var key in keys)
        {
            if (Keys.TryGetValue(key, out var where)) return where;
        }

        return SourceName;
    }
}
