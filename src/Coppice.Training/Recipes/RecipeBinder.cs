using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Coppice.Foundation;

namespace Coppice.Training.Recipes;

/// <summary>
/// Fills the typed records of a recipe from what was written. Keys are the properties' names in snake_case; an unknown key, a wrong type and a value
/// outside a property's range are errors that say where.
/// </summary>
internal sealed class RecipeBinder
{
    private readonly Dictionary<string, string> _where = new(StringComparer.Ordinal);
    private readonly string _sourceName;

    private RecipeBinder(string sourceName) => _sourceName = sourceName;

    /// <summary>Binds a whole recipe.</summary>
    /// <param name="root">What was written.</param>
    /// <param name="sourceName">The file, for messages about keys that were not written.</param>
    /// <param name="defaults">What keys that were not written have.</param>
    /// <returns>The recipe, and where each of its keys was written.</returns>
    public static (T Recipe, RecipePlaces Places) Bind<T>(RecipeMapping root, string sourceName, T defaults)
        where T : class
    {
        var binder = new RecipeBinder(sourceName);
        var recipe = (T)binder.BindSection(typeof(T), root, "", defaults);
        return (recipe, new RecipePlaces(binder._sourceName, binder._where));
    }

    /// <summary>The keys of a section: the properties that can be set.</summary>
    public static IEnumerable<PropertyInfo> Keys(Type section) => section.GetProperties().Where(property => property.SetMethod is { IsPublic: true });

    /// <summary>The name under which a recipe writes a property or an enum's member.</summary>
    public static string SnakeCase(string name) =>
        string.Concat(name.Select((c, i) => char.IsUpper(c) ? (i == 0 ? "" : "_") + char.ToLowerInvariant(c) : c.ToString()));

    private object BindSection(Type type, RecipeNode node, string path, object? defaults)
    {
        var section = Activator.CreateInstance(type)!;
        foreach (var property in defaults is null ? [] : Keys(type)) property.SetValue(section, property.GetValue(defaults));
        if (node is RecipeScalar { IsMissing: true }) return section;
        if (node is not RecipeMapping mapping) throw Wrong(node.Where, path, "a section of keys", node);

        var properties = Keys(type).ToDictionary(property => SnakeCase(property.Name), StringComparer.Ordinal);
        foreach (var (key, (keyWhere, value)) in mapping.Entries)
        {
            if (!properties.TryGetValue(key, out var property))
            {
                throw CoppiceException.Usage($"{keyWhere}: unknown key '{key}' in {(path.Length == 0 ? "the recipe" : $"'{path}'")}{NearestName.Hint(key, properties.Keys)}");
            }

            var keyPath = path.Length == 0 ? key : $"{path}.{key}";
            _where[keyPath] = keyWhere;
            property.SetValue(section, BindValue(property.PropertyType, value, keyPath, property, property.GetValue(section)));
        }

        return section;
    }

    private object BindValue(Type type, RecipeNode node, string path, PropertyInfo property, object? defaults)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsGenericType && (type.GetGenericTypeDefinition() == typeof(ValueList<>) || type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))) return BindList(type.GetGenericArguments()[0], node, path, property);
        if (type.IsClass && type != typeof(string)) return BindSection(type, node, path, defaults);

        if (node is not RecipeScalar scalar) throw Wrong(node.Where, path, Kind(type), node);
        if (scalar.IsMissing) throw CoppiceException.Usage($"{scalar.Where}: '{path}' has no value; give one or remove the line");

        if (type == typeof(string)) return Allowed(scalar.Text, scalar, path, property);
        if (type == typeof(bool)) return scalar is { IsPlain: true, Text: "true" or "false" } ? scalar.Text == "true" : throw Wrong(scalar.Where, path, Kind(type), scalar);
        if (type.IsEnum) return Enum.GetValues(type).Cast<object>().FirstOrDefault(member => SnakeCase(member.ToString()!) == scalar.Text) ?? throw NotOneOf(scalar, path, Enum.GetNames(type).Select(SnakeCase));
        if (!scalar.IsPlain) throw Wrong(scalar.Where, path, Kind(type), scalar);
        if (type == typeof(double)) return InRange(ParseNumber(scalar, path), scalar, path, property);

        var whole = ParseWhole(scalar, path);
        InRange(whole, scalar, path, property);
        if (type == typeof(int)) return checked((int)whole);
        if (type == typeof(ulong)) return whole >= 0 ? (ulong)whole : throw Wrong(scalar.Where, path, "a whole number of at least 0", scalar);
        return type == typeof(long) ? whole : throw CoppiceException.Usage($"{scalar.Where}: '{path}' can't be set in a recipe");
    }

    private object BindList(Type itemType, RecipeNode node, string path, PropertyInfo property)
    {
        if (node is not RecipeList list) throw Wrong(node.Where, path, "a list", node);
        var items = Array.CreateInstance(itemType, list.Items.Count);
        for (var i = 0; i < list.Items.Count; i++)
        {
            var itemPath = string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]");
            _where[itemPath] = list.Items[i].Where;
            items.SetValue(BindValue(itemType, list.Items[i], itemPath, property, defaults: null), i);
        }

        return typeof(RecipeBinder).GetMethod(nameof(MakeList), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(itemType).Invoke(null, [items])!;
    }

    private static ValueList<T> MakeList<T>(T[] items) => [.. items];

    // Decimal keeps every digit of a whole number and understands 1e9 as one; underscores may group the digits.
    private static long ParseWhole(RecipeScalar scalar, string path) =>
        decimal.TryParse(scalar.Text.Replace("_", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        && number == decimal.Truncate(number) && number is >= long.MinValue and <= long.MaxValue
            ? (long)number
            : throw Wrong(scalar.Where, path, Kind(typeof(long)), scalar);

    private static double ParseNumber(RecipeScalar scalar, string path) =>
        double.TryParse(scalar.Text.Replace("_", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number
            : throw Wrong(scalar.Where, path, Kind(typeof(double)), scalar);

    private static string Allowed(string text, RecipeScalar scalar, string path, PropertyInfo property) =>
        property.GetCustomAttribute<AllowedValuesAttribute>() is { } allowed && !allowed.Values.Contains(text)
            ? throw NotOneOf(scalar, path, allowed.Values.Cast<string>().Where(value => value.Length > 0))
            : text;

    private static double InRange(double number, RecipeScalar scalar, string path, PropertyInfo property)
    {
        if (property.GetCustomAttribute<RangeAttribute>() is not { } range) return number;
        var minimum = Convert.ToDouble(range.Minimum, CultureInfo.InvariantCulture);
        var maximum = Convert.ToDouble(range.Maximum, CultureInfo.InvariantCulture);
        if (number < minimum || (range.MinimumIsExclusive && number == minimum))
        {
            throw CoppiceException.Usage(string.Create(CultureInfo.InvariantCulture, $"{scalar.Where}: '{path}' must be {(range.MinimumIsExclusive ? "more than" : "at least")} {minimum}, not {scalar.Text}"));
        }

        if (number > maximum || (range.MaximumIsExclusive && number == maximum))
        {
            throw CoppiceException.Usage(string.Create(CultureInfo.InvariantCulture, $"{scalar.Where}: '{path}' must be {(range.MaximumIsExclusive ? "less than" : "at most")} {maximum}, not {scalar.Text}"));
        }

        return number;
    }

    private static CoppiceException NotOneOf(RecipeScalar scalar, string path, IEnumerable<string> known) =>
        CoppiceException.Usage($"{scalar.Where}: '{path}' must be one of {string.Join(", ", known)}, not '{scalar.Text}'{NearestName.Hint(scalar.Text, known)}");

    private static CoppiceException Wrong(string where, string path, string expected, RecipeNode found)
    {
        var what = found switch
        {
            RecipeScalar scalar => $"'{scalar.Text.ReplaceLineEndings(" ")}'",
            RecipeList => "a list",
            _ => "a section",
        };
        return CoppiceException.Usage($"{where}: {(path.Length == 0 ? "a recipe" : $"'{path}'")} must be {expected}, not {what}");
    }

    private static string Kind(Type type) =>
        type == typeof(bool) ? "true or false"
        : type == typeof(double) ? "a number"
        : type == typeof(string) ? "text"
        : type.IsEnum ? "one of " + string.Join(", ", Enum.GetNames(type).Select(SnakeCase))
        : "a whole number";
}
