using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Tokenizers.Jinja;

/// <summary>The filters: what may stand after <c>|</c>.</summary>
internal static class JinjaFilters
{
    private delegate object? Filter(JinjaRuntime runtime, object? value, JinjaArguments arguments);

    private static readonly Dictionary<string, Filter> All = new(StringComparer.Ordinal)
    {
        ["trim"] = (runtime, value, arguments) => arguments.Bind(runtime, "trim", "chars")[0] is string chars ? Text(runtime, value).Trim(chars.ToCharArray()) : Text(runtime, value).Trim(PythonText.WhiteSpace),
        ["upper"] = (runtime, value, arguments) => Plain(runtime, "upper", arguments, Text(runtime, value).ToUpperInvariant()),
        ["lower"] = (runtime, value, arguments) => Plain(runtime, "lower", arguments, Text(runtime, value).ToLowerInvariant()),
        ["capitalize"] = (runtime, value, arguments) => Plain(runtime, "capitalize", arguments, PythonText.Capitalize(Text(runtime, value))),
        ["title"] = (runtime, value, arguments) => Plain(runtime, "title", arguments, Title(Text(runtime, value))),
        ["string"] = (runtime, value, arguments) => Plain(runtime, "string", arguments, Text(runtime, value)),
        // Nothing is escaped for HTML unless it is asked for, so that everything is safe already.
        ["safe"] = (runtime, value, arguments) => Plain(runtime, "safe", arguments, value),
        ["escape"] = Escape,
        ["e"] = Escape,
        ["replace"] = Replace,
        ["indent"] = Indent,
        ["tojson"] = (runtime, value, arguments) => value is JinjaUndefined undefined ? throw runtime.Error($"{undefined.Name} is not defined, so that it has no JSON") : JsonText.Write(runtime, value, arguments),
        ["default"] = Default,
        ["d"] = Default,
        ["length"] = (runtime, value, arguments) => Length(runtime, value, arguments),
        ["count"] = (runtime, value, arguments) => Length(runtime, value, arguments),
        ["int"] = Integer,
        ["float"] = Float,
        ["abs"] = (runtime, value, arguments) => Plain(runtime, "abs", arguments, value is long number ? number < 0 ? JinjaOperators.Compute(runtime, "-", 0L, number) : number : Math.Abs(Number(runtime, value))),
        ["round"] = (runtime, value, arguments) => Round(runtime, value, arguments),
    };

    /// <summary>What a filter makes of a value.</summary>
    public static object? Apply(JinjaRuntime runtime, string name, object? value, JinjaArguments arguments) =>
        All.TryGetValue(name, out var filter) ? filter(runtime, value, arguments)
        : SequenceFilters.Find(name) is { } other ? other(runtime, value, arguments)
        : throw runtime.Error($"the filter '{name}' is not supported{NearestName.Hint(name, All.Keys.Concat(SequenceFilters.Names))}");

    private static string Text(JinjaRuntime runtime, object? value) => JinjaValue.Text(runtime, value);

    private static object? Plain(JinjaRuntime runtime, string name, JinjaArguments arguments, object? result)
    {
        arguments.Bind(runtime, name);
        return result;
    }

    private static string Title(string text)
    {
        var starts = true;
        return string.Create(text.Length, text, (title, source) =>
        {
            for (var i = 0; i < source.Length; i++)
            {
                title[i] = starts ? char.ToUpperInvariant(source[i]) : char.ToLowerInvariant(source[i]);
                starts = source[i] is '-' or '(' or '{' or '[' or '<' || PythonText.IsWhiteSpace(source[i]);
            }
        });
    }

    private static string Escape(JinjaRuntime runtime, object? value, JinjaArguments arguments)
    {
        arguments.Bind(runtime, "escape");
        var text = Text(runtime, value);
        runtime.Allocate(text.Length * 5L);
        return text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal)
            .Replace("'", "&#39;", StringComparison.Ordinal).Replace("\"", "&#34;", StringComparison.Ordinal);
    }

    private static string Replace(JinjaRuntime runtime, object? value, JinjaArguments arguments)
    {
        var bound = arguments.Bind(runtime, "replace", "old", "new", "count");
        var most = bound[2] is null or JinjaUndefined ? -1 : JinjaValue.Whole(runtime, bound[2]);
        return StringMethods.Replace(runtime, Text(runtime, value), Text(runtime, bound[0]), Text(runtime, bound[1]), most);
    }

    private static string Indent(JinjaRuntime runtime, object? value, JinjaArguments arguments)
    {
        var bound = arguments.Bind(runtime, "indent", "width", "first", "blank");
        var width = bound[0] switch
        {
            JinjaUndefined => "    ",
            string given => given,
            var number => (string)JinjaOperators.Compute(runtime, "*", " ", JinjaValue.Whole(runtime, number))!,
        };
        // As the reference does it: a line break at the end stays.
        var lines = PythonText.Lines(Text(runtime, value) + "\n");
        runtime.Allocate(lines.Sum(line => (long)line.Length + width.Length + 1));
        var rest = lines.Skip(1).Select(line => line.Length > 0 || JinjaValue.IsTrue(bound[2]) ? width + line : line);
        return (JinjaValue.IsTrue(bound[1]) ? width : "") + string.Join('\n', rest.Prepend(lines[0]));
    }

    private static object? Default(JinjaRuntime runtime, object? value, JinjaArguments arguments)
    {
        var bound = arguments.Bind(runtime, "default", "default_value", "boolean");
        var otherwise = bound[0] is JinjaUndefined ? "" : bound[0];
        return value is JinjaUndefined || (JinjaValue.IsTrue(bound[1]) && !JinjaValue.IsTrue(value)) ? otherwise : value;
    }

    private static long Length(JinjaRuntime runtime, object? value, JinjaArguments arguments)
    {
        arguments.Bind(runtime, "length");
        return value switch
        {
            string text => PythonText.Length(text),
            JinjaList or JinjaMap or JinjaUndefined => JinjaValue.Items(runtime, value).Count,
            _ => throw runtime.Error($"{JinjaValue.TypeName(value)} has no length"),
        };
    }

    private static object? Integer(JinjaRuntime runtime, object? value, JinjaArguments arguments)
    {
        var bound = arguments.Bind(runtime, "int", "default");
        var otherwise = bound[0] is JinjaUndefined ? 0L : bound[0];
        return value switch
        {
            bool or long => JinjaValue.Whole(runtime, value),
            double number => double.IsFinite(number) && Math.Abs(number) < 9e18 ? (long)number : otherwise,
            string text when long.TryParse(text.Trim(PythonText.WhiteSpace), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => whole,
            string text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && Math.Abs(number) < 9e18 => (long)number,
            _ => otherwise,
        };
    }

    private static object? Float(JinjaRuntime runtime, object? value, JinjaArguments arguments)
    {
        var bound = arguments.Bind(runtime, "float", "default");
        if (JinjaValue.Number(value) is { } number) return number;
        return value is string text && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var parsed) ? parsed : bound[0] is JinjaUndefined ? 0.0 : bound[0];
    }

    private static double Round(JinjaRuntime runtime, object? value, JinjaArguments arguments)
    {
        var bound = arguments.Bind(runtime, "round", "precision", "method");
        var digits = bound[0] is JinjaUndefined ? 0 : JinjaValue.Whole(runtime, bound[0]);
        if (digits is < 0 or > 15) throw runtime.Error("round takes a precision of 0 to 15");
        var number = Number(runtime, value);
        var scale = Math.Pow(10, digits);
        return bound[1] switch
        {
            JinjaUndefined or "common" => Math.Round(number, (int)digits, MidpointRounding.ToEven),
            "ceil" => Math.Ceiling(number * scale) / scale,
            "floor" => Math.Floor(number * scale) / scale,
            _ => throw runtime.Error("round knows the methods common, ceil and floor"),
        };
    }

    private static double Number(JinjaRuntime runtime, object? value) => JinjaValue.Number(value) ?? throw runtime.Error($"a number is expected, not {JinjaValue.TypeName(value)}");
}
