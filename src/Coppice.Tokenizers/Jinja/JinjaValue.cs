using System.Globalization;
using System.Text;

namespace Coppice.Tokenizers.Jinja;

/// <summary>What is not there: it is written as nothing and is false, and what is asked of it beyond that is an error.</summary>
/// <param name="Name">What was looked for.</param>
internal sealed record JinjaUndefined(string Name);

/// <summary>A list, or a tuple.</summary>
internal sealed class JinjaList : List<object?>
{
    /// <summary>An empty list.</summary>
    public JinjaList()
    {
    }

    /// <summary>A list of values.</summary>
    public JinjaList(IEnumerable<object?> values)
        : base(values)
    {
    }

    /// <summary>Whether it is written in round brackets.</summary>
    public bool IsTuple { get; init; }
}

/// <summary>A dictionary with names as keys, which keeps their order.</summary>
internal sealed class JinjaMap() : OrderedDictionary<string, object?>(StringComparer.Ordinal);

/// <summary>An object with attributes that a template may set: <c>namespace()</c>.</summary>
internal sealed class JinjaNamespace
{
    /// <summary>The attributes.</summary>
    public Dictionary<string, object?> Values { get; } = new(StringComparer.Ordinal);
}

/// <summary>What can be called.</summary>
/// <param name="Name">Its name, for messages.</param>
/// <param name="Invoke">Computes the result.</param>
internal sealed record JinjaFunction(string Name, Func<JinjaRuntime, JinjaArguments, object?> Invoke);

/// <summary>What all values have: null is none; bool, long, double, string, <see cref="JinjaList"/>, <see cref="JinjaMap"/> and the types above are the others.</summary>
internal static class JinjaValue
{
    // A template can make values that hold themselves many times over.
    private const int Deepest = 50;

    /// <summary>Whether a value counts as true.</summary>
    public static bool IsTrue(object? value) => value switch
    {
        null or JinjaUndefined => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        JinjaList list => list.Count > 0,
        JinjaMap map => map.Count > 0,
        _ => true,
    };

    /// <summary>The name of a value's type.</summary>
    public static string TypeName(object? value) => value switch
    {
        null => "none",
        JinjaUndefined undefined => $"{undefined.Name}, which is not defined",
        bool => "a truth value",
        long or double => "a number",
        string => "a text",
        JinjaList => "a list",
        JinjaMap => "a dictionary",
        JinjaFunction function => $"the function {function.Name}",
        _ => "an object",
    };

    /// <summary>Whether two values are equal.</summary>
    public static bool AreEqual(JinjaRuntime runtime, object? a, object? b, int depth = 0)
    {
        runtime.Count();
        if (depth > Deepest) throw runtime.Error("a value is nested too deeply to be compared");
        if (Number(a) is { } x && Number(b) is { } y) return a is long m && b is long n ? m == n : x == y;
        return (a, b) switch
        {
            (string s, string t) => s == t,
            (JinjaList s, JinjaList t) => s.Count == t.Count && s.Zip(t).All(pair => AreEqual(runtime, pair.First, pair.Second, depth + 1)),
            (JinjaMap s, JinjaMap t) => s.Count == t.Count && s.All(pair => t.TryGetValue(pair.Key, out var other) && AreEqual(runtime, pair.Value, other, depth + 1)),
            (JinjaUndefined, JinjaUndefined) => true,
            _ => ReferenceEquals(a, b),
        };
    }

    /// <summary>Below 0, 0 or above 0 for a value that is less than, equal to or greater than another.</summary>
    public static int Compare(JinjaRuntime runtime, object? a, object? b)
    {
        runtime.Count();
        if (a is long m && b is long n) return m.CompareTo(n);
        if (Number(a) is { } x && Number(b) is { } y) return x.CompareTo(y);
        return a is string s && b is string t ? string.CompareOrdinal(s, t) : throw runtime.Error($"{TypeName(a)} can't be compared with {TypeName(b)}");
    }

    /// <summary>A number, or null for what is none. A truth value is 0 or 1, as in Python.</summary>
    public static double? Number(object? value) => value switch
    {
        bool flag => flag ? 1 : 0,
        long number => number,
        double number => number,
        _ => null,
    };

    /// <summary>A whole number.</summary>
    public static long Whole(JinjaRuntime runtime, object? value) => value switch
    {
        bool flag => flag ? 1 : 0,
        long number => number,
        _ => throw runtime.Error($"a whole number is expected, not {TypeName(value)}"),
    };

    /// <summary>The items of what a loop may go over.</summary>
    public static IReadOnlyList<object?> Items(JinjaRuntime runtime, object? value)
    {
        switch (value)
        {
            case JinjaList list: return list;
            case JinjaUndefined: return [];
            case JinjaMap map: return [.. map.Keys];
            case string text:
                runtime.Allocate(text.Length);
                return [.. PythonText.CodePoints(text)];
            default: throw runtime.Error($"{TypeName(value)} has no items");
        }
    }

    /// <summary>A value as text, as it is written.</summary>
    public static string Text(JinjaRuntime runtime, object? value) => value switch
    {
        string text => text,
        JinjaUndefined => "",
        _ => Shown(runtime, value),
    };

    private static string Shown(JinjaRuntime runtime, object? value)
    {
        var text = new StringBuilder();
        Show(runtime, text, value, 0);
        return text.ToString();
    }

    /// <summary>A value as Python's <c>repr</c> writes it.</summary>
    private static void Show(JinjaRuntime runtime, StringBuilder text, object? value, int depth)
    {
        runtime.CheckLength(text.Length);
        runtime.Count();
        if (depth > Deepest) throw runtime.Error("a value is nested too deeply to be written");
        switch (value)
        {
            case null: text.Append("None"); break;
            case bool flag: text.Append(flag ? "True" : "False"); break;
            case long number: text.Append(number.ToString(CultureInfo.InvariantCulture)); break;
            case double number: text.Append(PythonText.Number(number)); break;
            case string inner: text.Append(PythonText.Quoted(inner)); break;
            case JinjaUndefined: text.Append("Undefined"); break;
            case JinjaList list:
                text.Append(list.IsTuple ? '(' : '[');
                for (var i = 0; i < list.Count; i++)
                {
                    if (i > 0) text.Append(", ");
                    Show(runtime, text, list[i], depth + 1);
                }

                if (list is { IsTuple: true, Count: 1 }) text.Append(',');
                text.Append(list.IsTuple ? ')' : ']');
                break;
            case JinjaMap map:
                text.Append('{');
                foreach (var (key, item) in map)
                {
                    if (text[^1] != '{') text.Append(", ");
                    text.Append(PythonText.Quoted(key)).Append(": ");
                    Show(runtime, text, item, depth + 1);
                }

                text.Append('}');
                break;
            default: throw runtime.Error($"{TypeName(value)} can't be written as text");
        }
    }
}
