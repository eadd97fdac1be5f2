using System.Globalization;
using System.Text;
using System.Text.Json;
using Coppice.Corpus;
using Coppice.Corpus.Building;
using Coppice.Foundation;

namespace Coppice.Training.Recipes;

/// <summary>
/// Recipes of curation as YAML: a list <c>steps</c>, each a step's name or its name with options, such as <c>- gopher-quality: { min_words: 30 }</c>. A key
/// <c>preset</c> in its place names a recipe that comes with the program.
/// </summary>
public static class CurationRecipeDocument
{
    private const string Steps = "steps", Preset = "preset";

    /// <summary>Reads a recipe from a file.</summary>
    /// <param name="path">The YAML file.</param>
    /// <param name="known">The steps there are; null for <see cref="CurationSteps.All"/>.</param>
    /// <exception cref="CoppiceException">The file can't be read, or something in it is wrong: the message says where (exit code 2).</exception>
    public static CurationRecipe Load(string path, IReadOnlyList<StepDefinition>? known = null)
    {
        try
        {
            using var reader = new StreamReader(path);
            var buffer = new char[RecipeReader.MaximumLength + 1];
            return Parse(new string(buffer, 0, reader.ReadBlock(buffer)), path, known);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CoppiceException.Usage($"{path}: can't be read: {error.Message}", error);
        }
    }

    /// <summary>Reads a recipe from text.</summary>
    /// <param name="text">The YAML.</param>
    /// <param name="sourceName">What messages call it: the file's path.</param>
    /// <param name="known">The steps there are; null for <see cref="CurationSteps.All"/>.</param>
    /// <exception cref="CoppiceException">Something is wrong: the message says where (exit code 2).</exception>
    public static CurationRecipe Parse(string text, string sourceName = "recipe", IReadOnlyList<StepDefinition>? known = null)
    {
        if (RecipeReader.Read(text, sourceName) is not RecipeMapping root) throw CoppiceException.Usage($"{sourceName}: a recipe of curation is a list of steps: 'steps:' with '- gopher-quality' below it");
        if (root.Entries.FirstOrDefault(entry => entry.Key is not (Steps or Preset)) is { Key: { } unknown, Value: var (where, _) })
        {
            throw CoppiceException.Usage($"{where}: there is no key '{unknown}'{NearestName.Hint(unknown, [Steps, Preset])}; a recipe of curation has '{Steps}' or '{Preset}'");
        }

        if (root.Entries.Count != 1) throw CoppiceException.Usage($"{sourceName}: a recipe of curation has either '{Steps}' or '{Preset}'");
        var value = root.Entries.Values.Single().Value;
        if (root.Entries.ContainsKey(Preset)) return CurationPresets.Get(value is RecipeScalar name ? name.Text : throw CoppiceException.Usage($"{value.Where}: {Preset} must be a name"));
        return value is RecipeList list
            ? CurationRecipe.Of(Path.GetFileName(sourceName), list.Items.Select(ReadStep), known)
            : throw CoppiceException.Usage($"{value.Where}: {Steps} must be a list, a line with '- ' for each step");
    }

    /// <summary>Writes a recipe with every option of every step, so that it makes the same steps again whatever the defaults are by then.</summary>
    /// <param name="recipe">The recipe.</param>
    public static string Write(IReadOnlyList<ReportedStep> recipe)
    {
        var text = new StringBuilder($"{Steps}:\n");
        foreach (var step in recipe)
        {
            text.Append(CultureInfo.InvariantCulture, $"  - {step.Name}{(step.Options.Count > 0 ? ":" : "")}\n");
            foreach (var option in step.Options) text.Append(CultureInfo.InvariantCulture, $"      {option.Key}: {Quoted(option)}\n");
        }

        return text.ToString();
    }

    private static NamedStep ReadStep(RecipeNode node) => node switch
    {
        RecipeScalar { IsMissing: false } name => new NamedStep(name.Text, new Dictionary<string, IReadOnlyList<string>>(), name.Where),
        RecipeMapping { Entries.Count: 1 } step when step.Entries.Single() is { Key: var name, Value: var (where, options) } => new NamedStep(name, ReadOptions(options, name), where),
        RecipeMapping { Entries.Count: > 1 } step => throw CoppiceException.Usage($"{step.Where}: the options of a step are indented below its name; here {string.Join(" and ", step.Entries.Keys)} stand side by side"),
        _ => throw CoppiceException.Usage($"{node.Where}: a step is a name, or a name with options below it"),
    };

    private static Dictionary<string, IReadOnlyList<string>> ReadOptions(RecipeNode node, string step) => node switch
    {
        RecipeScalar { IsMissing: true } => [],
        RecipeMapping options => options.Entries.ToDictionary(option => option.Key, option => ReadValue(option.Value.Value, option.Key)),
        _ => throw CoppiceException.Usage($"{node.Where}: {step}: options are keys with values, such as 'min_words: 30'"),
    };

    private static IReadOnlyList<string> ReadValue(RecipeNode node, string key) => node switch
    {
        RecipeScalar value => [value.Text],
        RecipeList list => [.. list.Items.Select(item => item is RecipeScalar value ? value.Text : throw CoppiceException.Usage($"{item.Where}: {key} must be a list of values"))],
        _ => throw CoppiceException.Usage($"{node.Where}: {key} must be a value or a list of values"),
    };

    private static string Quoted(StepOption option)
    {
        if (option.Items is not { } items) return Quoted(option.Value ?? "");
        return $"[{string.Join(", ", items.Select(Quoted))}]";
    }

    // A JSON string is a YAML string in double quotes.
    private static string Quoted(string value) =>
        value.Length > 0 && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_') && !value.StartsWith('-')
            ? value
            : JsonSerializer.Serialize(value);
}
