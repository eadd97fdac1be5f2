namespace Coppice.Training.Recipes;

/// <summary>A piece of a recipe as written, with the place it was written at (file and line, or the override), for messages.</summary>
internal abstract record RecipeNode(string Where);

/// <summary>A single value. A plain one was written without quotes, so it may be a number or a truth value.</summary>
internal sealed record RecipeScalar(string Where, string Text, bool IsPlain) : RecipeNode(Where)
{
    /// <summary>Whether nothing was written where a value is expected.</summary>
    public bool IsMissing => IsPlain && Text is "" or "~" or "null";
}

/// <summary>A list.</summary>
internal sealed record RecipeList(string Where, List<RecipeNode> Items) : RecipeNode(Where);

/// <summary>A section: keys with values, and where each key stands.</summary>
internal sealed record RecipeMapping(string Where, Dictionary<string, (string KeyWhere, RecipeNode Value)> Entries) : RecipeNode(Where);
