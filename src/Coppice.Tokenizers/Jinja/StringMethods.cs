namespace Coppice.Tokenizers.Jinja;

/// <summary>The methods of texts, as Python has them.</summary>
internal static class StringMethods
{
    private delegate object? Method(JinjaRuntime runtime, string text, JinjaArguments arguments);

    private static readonly Dictionary<string, Method> All = new(StringComparer.Ordinal)
    {
        ["strip"] = (runtime, text, arguments) => text.Trim(Characters(runtime, "strip", arguments)),
        ["lstrip"] = (runtime, text, arguments) => text.TrimStart(Characters(runtime, "lstrip", arguments)),
        ["rstrip"] = (runtime, text, arguments) => text.TrimEnd(Characters(runtime, "rstrip", arguments)),
        ["upper"] = (runtime, text, arguments) => Plain(runtime, "upper", arguments, text.ToUpperInvariant()),
        ["lower"] = (runtime, text, arguments) => Plain(runtime, "lower", arguments, text.ToLowerInvariant()),
        ["title"] = (runtime, text, arguments) => Plain(runtime, "title", arguments, PythonText.Title(text)),
        ["capitalize"] = (runtime, text, arguments) => Plain(runtime, "capitalize", arguments, PythonText.Capitalize(text)),
        ["isdigit"] = (runtime, text, arguments) => Plain(runtime, "isdigit", arguments, text.Length > 0 && text.All(char.IsDigit)),
        ["isalpha"] = (runtime, text, arguments) => Plain(runtime, "isalpha", arguments, text.Length > 0 && text.All(char.IsLetter)),
        ["isalnum"] = (runtime, text, arguments) => Plain(runtime, "isalnum", arguments, text.Length > 0 && text.All(char.IsLetterOrDigit)),
        ["isspace"] = (runtime, text, arguments) => Plain(runtime, "isspace", arguments, text.Length > 0 && text.All(PythonText.IsWhiteSpace)),
        ["isupper"] = (runtime, text, arguments) => Plain(runtime, "isupper", arguments, text.Any(char.IsUpper) && !text.Any(char.IsLower)),
        ["islower"] = (runtime, text, arguments) => Plain(runtime, "islower", arguments, text.Any(char.IsLower) && !text.Any(char.IsUpper)),
        ["startswith"] = (runtime, text, arguments) => Affixes(runtime, "startswith", arguments).Any(affix => text.StartsWith(affix, StringComparison.Ordinal)),
        ["endswith"] = (runtime, text, arguments) => Affixes(runtime, "endswith", arguments).Any(affix => text.EndsWith(affix, StringComparison.Ordinal)),
        ["removeprefix"] = (runtime, text, arguments) => One(runtime, "removeprefix", arguments) is var prefix && text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text,
        ["removesuffix"] = (runtime, text, arguments) => One(runtime, "removesuffix", arguments) is var suffix && text.EndsWith(suffix, StringComparison.Ordinal) ? text[..^suffix.Length] : text,
        ["find"] = (runtime, text, arguments) => Place(text, text.IndexOf(One(runtime, "find", arguments), StringComparison.Ordinal)),
        ["rfind"] = (runtime, text, arguments) => Place(text, text.LastIndexOf(One(runtime, "rfind", arguments), StringComparison.Ordinal)),
        ["count"] = (runtime, text, arguments) => One(runtime, "count", arguments) is { Length: > 0 } part ? PythonText.Split(text, part, -1).Count - 1L : PythonText.Length(text) + 1L,
        ["replace"] = (runtime, text, arguments) => arguments.Bind(runtime, "replace", "old", "new", "count") is var bound
            ? Replace(runtime, text, Text(runtime, "replace", bound[0]), Text(runtime, "replace", bound[1]), bound[2] is JinjaUndefined ? -1 : JinjaValue.Whole(runtime, bound[2]))
            : text,
        ["split"] = (runtime, text, arguments) => Split(runtime, "split", text, arguments, PythonText.Split),
        ["rsplit"] = (runtime, text, arguments) => Split(runtime, "rsplit", text, arguments, PythonText.SplitFromRight),
        ["splitlines"] = (runtime, text, arguments) => Plain(runtime, "splitlines", arguments, List(runtime, PythonText.Lines(text))),
        ["join"] = (runtime, text, arguments) => Join(runtime, text, arguments.Bind(runtime, "join", "iterable")[0]),
    };

    /// <summary>A method of a text; null where there is none of that name.</summary>
    public static JinjaFunction? Find(string text, string name) =>
        All.TryGetValue(name, out var method) ? new JinjaFunction(name, (runtime, arguments) => method(runtime, text, arguments)) : null;

    /// <summary>A text with parts replaced.</summary>
    /// <param name="runtime">The rendering.</param>
    /// <param name="text">The text.</param>
    /// <param name="old">What is replaced; where it is empty, the new text goes around every character.</param>
    /// <param name="by">What takes its place.</param>
    /// <param name="most">How many parts at the most, from the left; below 0 for all.</param>
    public static string Replace(JinjaRuntime runtime, string text, string old, string by, long most)
    {
        var parts = old.Length > 0 ? PythonText.Split(text, old, most) : Apart(text, most);
        runtime.Allocate(text.Length + ((long)parts.Count * by.Length));
        return string.Join(by, parts);
    }

    /// <summary>Items put together with a text between them.</summary>
    /// <param name="runtime">The rendering.</param>
    /// <param name="separator">The text between.</param>
    /// <param name="items">A list of texts.</param>
    public static string Join(JinjaRuntime runtime, string separator, object? items)
    {
        var texts = JinjaValue.Items(runtime, items).Select(item => JinjaValue.Text(runtime, item)).ToList();
        runtime.Allocate(texts.Sum(text => (long)text.Length + separator.Length));
        return string.Join(separator, texts);
    }

    private static List<string> Apart(string text, long most)
    {
        var parts = PythonText.CodePoints(text).Prepend("").Append("").ToList();
        if (most < 0 || most >= parts.Count - 1) return parts;
        return [.. parts.Take((int)most), string.Concat(parts.Skip((int)most))];
    }

    private static JinjaList Split(JinjaRuntime runtime, string name, string text, JinjaArguments arguments, Func<string, string, long, List<string>> split)
    {
        var bound = arguments.Bind(runtime, name, "sep", "maxsplit");
        var most = bound[1] is JinjaUndefined ? -1 : JinjaValue.Whole(runtime, bound[1]);
        if (bound[0] is not (null or JinjaUndefined))
        {
            var separator = Text(runtime, name, bound[0]);
            return separator.Length > 0 ? List(runtime, split(text, separator, most)) : throw runtime.Error($"{name} needs a separator that is not empty");
        }

        return most < 0 || name == "split" ? List(runtime, PythonText.Split(text, most)) : throw runtime.Error("rsplit at white space is supported only without maxsplit");
    }

    private static JinjaList List(JinjaRuntime runtime, List<string> parts)
    {
        runtime.Count(parts.Count);
        return new JinjaList(parts);
    }

    private static char[] Characters(JinjaRuntime runtime, string name, JinjaArguments arguments) =>
        arguments.Bind(runtime, name, "chars")[0] is { } given and not JinjaUndefined ? Text(runtime, name, given).ToCharArray() : PythonText.WhiteSpace;

    private static IEnumerable<string> Affixes(JinjaRuntime runtime, string name, JinjaArguments arguments) =>
        arguments.Bind(runtime, name, "affix")[0] is var affix && affix is JinjaList several ? several.Select(one => Text(runtime, name, one)) : [Text(runtime, name, affix)];

    private static string One(JinjaRuntime runtime, string name, JinjaArguments arguments) => Text(runtime, name, arguments.Bind(runtime, name, "text")[0]);

    private static string Text(JinjaRuntime runtime, string name, object? value) => value as string ?? throw runtime.Error($"{name} is for texts, not for {JinjaValue.TypeName(value)}");

    private static long Place(string text, int unit) => unit < 0 ? -1 : PythonText.Length(text[..unit]);

    private static object Plain(JinjaRuntime runtime, string name, JinjaArguments arguments, object result)
    {
        arguments.Bind(runtime, name);
        return result;
    }
}

/// <summary>The methods of lists that change nothing.</summary>
internal static class ListMethods
{
    /// <summary>A method of a list; null where there is none of that name.</summary>
    public static JinjaFunction? Find(JinjaList list, string name) => name switch
    {
        "index" => new JinjaFunction(name, (runtime, arguments) =>
        {
            var value = arguments.Bind(runtime, name, "value")[0];
            var place = list.FindIndex(item => JinjaValue.AreEqual(runtime, item, value));
            return place >= 0 ? (long)place : throw runtime.Error("the list has no such item");
        }),
        "count" => new JinjaFunction(name, (runtime, arguments) =>
        {
            var value = arguments.Bind(runtime, name, "value")[0];
            return (long)list.Count(item => JinjaValue.AreEqual(runtime, item, value));
        }),
        "append" or "extend" or "insert" or "pop" or "remove" or "clear" or "reverse" or "sort" => new JinjaFunction(name, (runtime, _) =>
            throw runtime.Error($"a template may not change a list by {name}; transformers refuses that too")),
        _ => null,
    };
}

/// <summary>The methods of dictionaries that change nothing.</summary>
internal static class MapMethods
{
    /// <summary>A method of a dictionary; null where there is none of that name.</summary>
    public static JinjaFunction? Find(JinjaMap map, string name) => name switch
    {
        "get" => new JinjaFunction(name, (runtime, arguments) =>
        {
            var bound = arguments.Bind(runtime, name, "key", "default");
            return bound[0] is string key && map.TryGetValue(key, out var found) ? found : bound[1] is JinjaUndefined ? null : bound[1];
        }),
        "items" => new JinjaFunction(name, (runtime, arguments) => Listed(runtime, name, arguments, Pairs(map))),
        "keys" => new JinjaFunction(name, (runtime, arguments) => Listed(runtime, name, arguments, map.Keys)),
        "values" => new JinjaFunction(name, (runtime, arguments) => Listed(runtime, name, arguments, map.Values)),
        "pop" or "popitem" or "update" or "clear" or "setdefault" => new JinjaFunction(name, (runtime, _) =>
            throw runtime.Error($"a template may not change a dictionary by {name}; transformers refuses that too")),
        _ => null,
    };

    /// <summary>The pairs of a dictionary as lists of key and value.</summary>
    public static IEnumerable<object?> Pairs(JinjaMap map) => map.Select(pair => (object?)new JinjaList([pair.Key, pair.Value]) { IsTuple = true });

    private static JinjaList Listed(JinjaRuntime runtime, string name, JinjaArguments arguments, IEnumerable<object?> values)
    {
        arguments.Bind(runtime, name);
        var list = new JinjaList(values);
        runtime.Count(list.Count);
        return list;
    }
}
