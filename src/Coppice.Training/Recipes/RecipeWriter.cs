using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Coppice.Training.Recipes;

/// <summary>Writes a recipe as YAML, every key of every section, so that it loads again to the same recipe whatever the defaults are by then.</summary>
internal static partial class RecipeWriter
{
    public static string Write(object recipe)
    {
        var text = new StringBuilder();
        WriteSection(text, recipe, "");
        return text.ToString();
    }

    private static void WriteSection(StringBuilder text, object section, string indent)
    {
        foreach (var property in RecipeBinder.Keys(section.GetType()))
        {
            // A section that may be left out, and is.
            if (property.GetValue(section) is not { } value) continue;
            text.Append(indent).Append(RecipeBinder.SnakeCase(property.Name)).Append(':');
            if (value is IEnumerable and not string) WriteList(text, [.. ((IEnumerable)value).Cast<object>()], indent + "  ");
            else if (value.GetType().IsClass && value is not string) WriteSection(text.Append('\n'), value, indent + "  ");
            else text.Append(' ').Append(Scalar(value)).Append('\n');
        }
    }

    private static void WriteList(StringBuilder text, List<object> items, string indent)
    {
        if (items.Count == 0)
        {
            text.Append(" []\n");
            return;
        }

        text.Append('\n');
        foreach (var item in items)
        {
            if (item is string || item.GetType().IsPrimitive)
            {
                text.Append(indent).Append("- ").Append(Scalar(item)).Append('\n');
                continue;
            }

            // The dash takes the place of the first key's indentation.
            var start = text.Length;
            WriteSection(text, item, indent + "  ");
            text[start + indent.Length] = '-';
        }
    }

    private static string Scalar(object value) => value switch
    {
        bool flag => flag ? "true" : "false",
        double number => number.ToString("R", CultureInfo.InvariantCulture).ToLowerInvariant(),
        string text => PlainText().IsMatch(text) && text is not ("true" or "false" or "null" or "yes" or "no" or "on" or "off") ? text : Quote(text),
        Enum member => RecipeBinder.SnakeCase(member.ToString()),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            quoted.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ when char.IsControl(c) || c is '\u2028' or '\u2029' or '\uFEFF' => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => c.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }

    [GeneratedRegex(@"^[A-Za-z_./][A-Za-z0-9_./-]*\z")]
    private static partial Regex PlainText();
}
