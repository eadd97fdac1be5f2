using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Tokenizers.Jinja;

/// <summary>The filters over items. Where Python gives a generator, these give a list.</summary>
internal static class SequenceFilters
{
    /// <summary>A filter.</summary>
    internal delegate object? Filter(JinjaRuntime runtime, object? value, JinjaArguments arguments);

    private static readonly Dictionary<string, Filter> All = new(StringComparer.Ordinal)
    {
        ["list"] = (runtime, value, arguments) => List(runtime, "list", value, arguments, items => items),
        ["reverse"] = Reverse,
        ["first"] = (runtime, value, arguments) => Edge(runtime, "first", value, arguments, items => items[0]),
        ["last"] = (runtime, value, arguments) => Edge(runtime, "last", value, arguments, items => items[^1]),
        ["join"] = Join,
        ["map"] = Map,
        ["select"] = (runtime, value, arguments) => Select(runtime, value, arguments, keep: true),
        ["reject"] = (runtime, value, arguments) => Select(runtime, value, arguments, keep: false),
        ["selectattr"] = (runtime, value, arguments) => SelectByAttribute(runtime, "selectattr", value, arguments, keep: true),
        ["rejectattr"] = (runtime, value, arguments) => SelectByAttribute(runtime, "rejectattr", value, arguments, keep: false),
        ["items"] = (runtime, value, arguments) => List(runtime, "items", value is JinjaMap map ? new JinjaList(MapMethods.Pairs(map)) : value, arguments, items => items),
        ["dictsort"] = DictSort,
        ["sort"] = Sort,
        ["unique"] = Unique,
        ["sum"] = (runtime, value, arguments) => Picked(runtime, "sum", value, arguments, "attribute").Aggregate((object?)0L, (sum, item) => JinjaOperators.Compute(runtime, "+", sum, item)),
        ["min"] = (runtime, value, arguments) => Extreme(runtime, "min", value, arguments, -1),
        ["max"] = (runtime, value, arguments) => Extreme(runtime, "max", value, arguments, 1),
    };

    /// <summary>Their names.</summary>
    public static IEnumerable<string> Names => All.Keys;

    /// <summary>A filter; null where there is none of that name.</summary>
    public static Filter? Find(string name) => All.GetValueOrDefault(name);

    private static IReadOnlyList<object?> Items(JinjaRuntime runtime, object? value)
    {
        var items = JinjaValue.Items(runtime, value);
        runtime.Count(items.Count);
        return items;
    }

    private static JinjaList List(JinjaRuntime runtime, string name, object? value, JinjaArguments arguments, Func<IEnumerable<object?>, IEnumerable<object?>> change)
    {
        arguments.Bind(runtime, name);
        return new JinjaList(change(Items(runtime, value)));
    }

    private static object Reverse(JinjaRuntime runtime, object? value, JinjaArguments arguments)
    {
        var list = List(runtime, "reverse", value, arguments, items => items.Reverse());
        return value is string ? string.Concat(list.Cast<string>()) : list;
    }

    private static object? Edge(JinjaRuntime runtime, string name, object? value, JinjaArguments arguments, Func<IReadOnlyList<object?>, object?> pick)
    {
        arguments.Bind(runtime, name);
        var items = Items(runtime, value);
        return items.Count > 0 ? pick(items) : new JinjaUndefined($"the {name} item of nothing");
    }

    private static string Join(JinjaRuntime runtime, object? value, JinjaArguments arguments)
    {
        var bound = arguments.Bind(runtime, "join", "d", "attribute");
        var items = Items(runtime, value);
        if (bound[1] is not (null or JinjaUndefined)) items = [.. items.Select(item => Path(runtime, item, bound[1]))];
        return StringMethods.Join(runtime, bound[0] is JinjaUndefined ? "" : JinjaValue.Text(runtime, bound[0]), new JinjaList(items));
    }

    private static JinjaList Map(JinjaRuntime runtime, object? value, JinjaArguments arguments)
    {
        var items = Items(runtime, value);
        if (arguments.Positional.Count > 0)
        {
            var filter = JinjaValue.Text(runtime, arguments.Positional[0]);
            return new JinjaList(items.Select(item => JinjaFilters.Apply(runtime, filter, item, arguments.WithoutFirst())));
        }

        var bound = arguments.Bind(runtime, "map", "attribute", "default");
        return new JinjaList(items.Select(item => Path(runtime, item, bound[0])).Select(found => found is JinjaUndefined && bound[1] is not JinjaUndefined ? bound[1] : found));
    }

    private static JinjaList Select(JinjaRuntime runtime, object? value, JinjaArguments arguments, bool keep) =>
        new(Items(runtime, value).Where(item => Passes(runtime, item, arguments) == keep));

    private static JinjaList SelectByAttribute(JinjaRuntime runtime, string name, object? value, JinjaArguments arguments, bool keep)
    {
        if (arguments.Positional.Count == 0) throw runtime.Error($"{name} needs the name of an attribute");
        var test = arguments.WithoutFirst();
        return new JinjaList(Items(runtime, value).Where(item => Passes(runtime, Path(runtime, item, arguments.Positional[0]), test) == keep));
    }

    /// <summary>Whether an item passes the test that the arguments name; without one, whether it is true.</summary>
    private static bool Passes(JinjaRuntime runtime, object? item, JinjaArguments test) =>
        test.Positional.Count == 0 ? JinjaValue.IsTrue(item) : JinjaTests.Holds(runtime, JinjaValue.Text(runtime, test.Positional[0]), item, test.WithoutFirst());

    /// <summary>What a path of names and numbers, such as <c>function.name</c>, leads to.</summary>
    private static object? Path(JinjaRuntime runtime, object? item, object? path)
    {
        if (path is long) return JinjaMembers.Item(runtime, item, path);
        foreach (var part in JinjaValue.Text(runtime, path).Split('.'))
        {
            item = long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var place) ? JinjaMembers.Item(runtime, item, place) : JinjaMembers.Item(runtime, item, part);
        }

        return item;
    }

    private static IEnumerable<object?> Picked(JinjaRuntime runtime, string name, object? value, JinjaArguments arguments, string argument) =>
        arguments.Bind(runtime, name, argument)[0] is { } path and not JinjaUndefined ? Items(runtime, value).Select(item => Path(runtime, item, path)) : Items(runtime, value);

    private static object? Extreme(JinjaRuntime runtime, string name, object? value, JinjaArguments arguments, int sign)
    {
        arguments.Bind(runtime, name);
        var items = Items(runtime, value);
        return items.Count > 0
            ? items.Aggregate((best, item) => JinjaValue.Compare(runtime, Folded(item, false), Folded(best, false)) * sign > 0 ? item : best)
            : new JinjaUndefined($"the {name} of nothing");
    }

    private static JinjaList DictSort(JinjaRuntime runtime, object? value, JinjaArguments arguments)
    {
        var bound = arguments.Bind(runtime, "dictsort", "case_sensitive", "by", "reverse");
        if (value is not JinjaMap map) throw runtime.Error($"dictsort is for dictionaries, not for {JinjaValue.TypeName(value)}");
        var place = bound[1] is "value" ? 1 : 0;
        return Sorted(runtime, MapMethods.Pairs(map), pair => ((JinjaList)pair!)[place], JinjaValue.IsTrue(bound[0]), JinjaValue.IsTrue(bound[2]));
    }

    private static JinjaList Sort(JinjaRuntime runtime, object? value, JinjaArguments arguments)
    {
        var bound = arguments.Bind(runtime, "sort", "reverse", "case_sensitive", "attribute");
        return Sorted(
            runtime, Items(runtime, value), item => bound[2] is null or JinjaUndefined ? item : Path(runtime, item, bound[2]), JinjaValue.IsTrue(bound[1]), JinjaValue.IsTrue(bound[0]));
    }

    private static JinjaList Sorted(JinjaRuntime runtime, IEnumerable<object?> items, Func<object?, object?> key, bool caseSensitive, bool descending)
    {
        var comparer = Comparer<object?>.Create((a, b) => JinjaValue.Compare(runtime, Folded(a, caseSensitive), Folded(b, caseSensitive)));
        try
        {
            return new JinjaList(descending ? items.OrderByDescending(key, comparer) : items.OrderBy(key, comparer));
        }
        catch (InvalidOperationException error) when (error.InnerException is CoppiceException told)
        {
            // What a comparison throws comes wrapped.
            throw new CoppiceException(told.Message, told.ExitCode, told);
        }
    }

    private static JinjaList Unique(JinjaRuntime runtime, object? value, JinjaArguments arguments)
    {
        var bound = arguments.Bind(runtime, "unique", "case_sensitive", "attribute");
        var (unique, keys) = (new JinjaList(), new List<object?>());
        foreach (var item in Items(runtime, value))
        {
            var key = Folded(bound[1] is null or JinjaUndefined ? item : Path(runtime, item, bound[1]), JinjaValue.IsTrue(bound[0]));
            if (keys.Any(other => JinjaValue.AreEqual(runtime, other, key))) continue;
            keys.Add(key);
            unique.Add(item);
        }

        return unique;
    }

    private static object? Folded(object? value, bool caseSensitive) => value is string text && !caseSensitive ? text.ToLowerInvariant() : value;
}
