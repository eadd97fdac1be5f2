using Coppice.Foundation;

namespace Coppice.Training.Recipes;

/// <summary>
/// Recipes of any kind as YAML: a record of sections, one key per property in snake_case. An unknown key, a wrong type and a value outside a property's
/// range are errors that say where.
/// </summary>
public static class RecipeDocument
{
    /// <summary>Reads a recipe from a file.</summary>
    /// <typeparam name="T">The record.</typeparam>
    /// <param name="path">The YAML file.</param>
    /// <param name="overrides">Keys that replace what the file says, such as <c>training.steps=100</c>; later ones win.</param>
    /// <param name="defaults">What keys that are not there have; null for the record's own.</param>
    /// <returns>The recipe, and where each of its keys was written.</returns>
    /// <exception cref="CoppiceException">The file can't be read, or something in it is wrong: the message says where (exit code 2).</exception>
    public static (T Recipe, RecipePlaces Places) Load<T>(string path, IEnumerable<string>? overrides = null, T? defaults = null)
        where T : class, new()
    {
        try
        {
            using var reader = new StreamReader(path);
            var buffer = new char[RecipeReader.MaximumLength + 1];
            var length = reader.ReadBlock(buffer);
            return Parse(new string(buffer, 0, length), path, overrides, defaults);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CoppiceException.Usage($"{path}: can't be read: {error.Message}", error);
        }
    }

    /// <summary>Reads a recipe from text.</summary>
    /// <typeparam name="T">The record.</typeparam>
    /// <param name="text">The YAML.</param>
    /// <param name="sourceName">What messages call it: the file's path.</param>
    /// <param name="overrides">Keys that replace what the text says; later ones win.</param>
    /// <param name="defaults">What keys that are not there have; null for the record's own.</param>
    /// <returns>The recipe, and where each of its keys was written.</returns>
    /// <exception cref="CoppiceException">Something is wrong: the message says where (exit code 2).</exception>
    public static (T Recipe, RecipePlaces Places) Parse<T>(string text, string sourceName = "recipe", IEnumerable<string>? overrides = null, T? defaults = null)
        where T : class, new()
    {
        var root = RecipeReader.Read(text, sourceName) switch
        {
            null or RecipeScalar { IsMissing: true } => new RecipeMapping(sourceName, []),
            RecipeMapping mapping => mapping,
            var other => throw CoppiceException.Usage($"{other.Where}: a recipe must be sections of keys, such as 'model:' with 'layers: 4' indented below it"),
        };
        return RecipeBinder.Bind(RecipeOverrides.Apply(root, overrides ?? []), sourceName, defaults ?? new T());
    }

    /// <summary>Writes a recipe with every key, so that it reads again to an equal one whatever the defaults are by then.</summary>
    /// <param name="recipe">The record.</param>
    public static string Write(object recipe) => RecipeWriter.Write(recipe);
}
