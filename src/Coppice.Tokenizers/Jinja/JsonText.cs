using System.Globalization;
using System.Text;

namespace Coppice.Tokenizers.Jinja;

/// <summary>The <c>tojson</c> of transformers, which is Python's <c>json.dumps</c> without escapes of characters beyond ASCII.</summary>
internal sealed class JsonText
{
    private const int Deepest = 50;

    private readonly JinjaRuntime _runtime;
    private readonly string? _indent;
    private readonly bool _ascii;
    private readonly bool _sorted;
    private readonly string _betweenItems;
    private readonly string _betweenKeyAndValue;
    private readonly StringBuilder _text = new();

    private JsonText(JinjaRuntime runtime, string? indent, bool ascii, bool sorted, string? betweenItems, string? betweenKeyAndValue)
    {
        (_runtime, _indent, _ascii, _sorted) = (runtime, indent, ascii, sorted);
        _betweenItems = betweenItems ?? (indent is null ? ", " : ",");
        _betweenKeyAndValue = betweenKeyAndValue ?? ": ";
    }

    /// <summary>A value as JSON.</summary>
    /// <param name="runtime">The rendering.</param>
    /// <param name="value">The value.</param>
    /// <param name="arguments">Those of the filter: <c>ensure_ascii</c>, <c>indent</c>, <c>separators</c>, <c>sort_keys</c>.</param>
    public static string Write(JinjaRuntime runtime, object? value, JinjaArguments arguments)
    {
        var bound = arguments.Bind(runtime, "tojson", "ensure_ascii", "indent", "separators", "sort_keys");
        var indent = bound[1] switch
        {
            null or JinjaUndefined => null,
            string given => given,
            var number when JinjaValue.Whole(runtime, number) is >= 0 and <= 100 and var spaces => new string(' ', (int)spaces),
            _ => throw runtime.Error("tojson takes an indent of 0 to 100"),
        };
        var separators = bound[2] is JinjaList { Count: 2 } pair ? (pair[0] as string, pair[1] as string)
            : bound[2] is null or JinjaUndefined ? (null, null)
            : throw runtime.Error("tojson takes two separators");
        var json = new JsonText(runtime, indent, JinjaValue.IsTrue(bound[0]), JinjaValue.IsTrue(bound[3]), separators.Item1, separators.Item2);
        json.Append(value, 0);
        return json._text.ToString();
    }

    private void Append(object? value, int depth)
    {
        _runtime.CheckLength(_text.Length);
        _runtime.Count();
        if (depth > Deepest) throw _runtime.Error("a value is nested too deeply for tojson");
        switch (value)
        {
            case null: _text.Append("null"); break;
            case bool flag: _text.Append(flag ? "true" : "false"); break;
            case long number: _text.Append(number.ToString(CultureInfo.InvariantCulture)); break;
            case double number: _text.Append(PythonText.Number(number)); break;
            case string text: AppendString(text); break;
            case JinjaList list: AppendAll('[', ']', list, depth, item => Append(item, depth + 1)); break;
            case JinjaMap map:
                AppendAll('{', '}', _sorted ? [.. map.OrderBy(pair => pair.Key, StringComparer.Ordinal)] : map.ToList(), depth, pair =>
                {
                    AppendString(pair.Key);
                    _text.Append(_betweenKeyAndValue);
                    Append(pair.Value, depth + 1);
                });
                break;
            default: throw _runtime.Error($"{JinjaValue.TypeName(value)} can't be written as JSON");
        }
    }

    private void AppendAll<T>(char open, char close, List<T> items, int depth, Action<T> append)
    {
        _runtime.Count(items.Count);
        _text.Append(open);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0) _text.Append(_betweenItems);
            AppendBreak(depth + 1);
            append(items[i]);
        }

        if (items.Count > 0) AppendBreak(depth);
        _text.Append(close);
    }

    private void AppendBreak(int depth)
    {
        if (_indent is null) return;
        _text.Append('\n');
        for (var i = 0; i < depth; i++) _text.Append(_indent);
    }

    private void AppendString(string text)
    {
        _text.Append('"');
        foreach (var c in text)
        {
            switch (c)
            {
                case '"' or '\\': _text.Append('\\').Append(c); break;
                case '\n': _text.Append("\\n"); break;
                case '\r': _text.Append("\\r"); break;
                case '\t': _text.Append("\\t"); break;
                case '\f': _text.Append("\\f"); break;
                case '\b': _text.Append("\\b"); break;
                case < ' ': AppendCode(c); break;
                case > '~' when _ascii: AppendCode(c); break;
                default: _text.Append(c); break;
            }
        }

        _text.Append('"');
    }

    private void AppendCode(char c) => _text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
}
