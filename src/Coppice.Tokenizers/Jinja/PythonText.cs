using System.Globalization;
using System.Text;

namespace Coppice.Tokenizers.Jinja;

/// <summary>Strings as Python has them: templates count code points, and know Python's white space and Python's way to write a value.</summary>
internal static class PythonText
{
    /// <summary>What <c>str.isspace</c> says yes to.</summary>
    public static readonly char[] WhiteSpace = [.. Enumerable.Range(0, char.MaxValue).Select(code => (char)code).Where(IsWhiteSpace)];

    /// <summary>Whether a character is white space to Python: to .NET the four separators of ASCII are not.</summary>
    public static bool IsWhiteSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    /// <summary>The number of code points.</summary>
    public static int Length(string text) => Surrogates(text) ? text.EnumerateRunes().Count() : text.Length;

    /// <summary>The code points of a text as strings.</summary>
    public static IEnumerable<string> CodePoints(string text)
    {
        for (var i = 0; i < text.Length;)
        {
            var length = char.IsSurrogatePair(text, i) ? 2 : 1;
            yield return text.Substring(i, length);
            i += length;
        }
    }

    /// <summary>The place in UTF-16 units of a code point; the text's length for one behind its end.</summary>
    public static int UnitOf(string text, int codePoint)
    {
        if (!Surrogates(text)) return Math.Min(codePoint, text.Length);
        var unit = 0;
        for (; codePoint > 0 && unit < text.Length; codePoint--) unit += char.IsSurrogatePair(text, unit) ? 2 : 1;
        return unit;
    }

    /// <summary>The parts between runs of white space.</summary>
    /// <param name="text">The text.</param>
    /// <param name="most">How many cuts at the most; below 0 for all.</param>
    public static List<string> Split(string text, long most)
    {
        var parts = new List<string>();
        var i = 0;
        while (true)
        {
            while (i < text.Length && IsWhiteSpace(text[i])) i++;
            if (i == text.Length) return parts;
            if (most >= 0 && parts.Count == most)
            {
                parts.Add(text[i..]);
                return parts;
            }

            var start = i;
            while (i < text.Length && !IsWhiteSpace(text[i])) i++;
            parts.Add(text[start..i]);
        }
    }

    /// <summary>The parts between a separator.</summary>
    /// <param name="text">The text.</param>
    /// <param name="separator">Not empty.</param>
    /// <param name="most">How many cuts at the most, from the left; below 0 for all.</param>
    public static List<string> Split(string text, string separator, long most)
    {
        var parts = new List<string>();
        var start = 0;
        while (most < 0 || parts.Count < most)
        {
            var next = text.IndexOf(separator, start, StringComparison.Ordinal);
            if (next < 0) break;
            parts.Add(text[start..next]);
            start = next + separator.Length;
        }

        parts.Add(text[start..]);
        return parts;
    }

    /// <summary>The parts between a separator, cut from the right.</summary>
    /// <param name="text">The text.</param>
    /// <param name="separator">Not empty.</param>
    /// <param name="most">How many cuts at the most; below 0 for all.</param>
    public static List<string> SplitFromRight(string text, string separator, long most)
    {
        var parts = new List<string>();
        var end = text.Length;
        while (most < 0 || parts.Count < most)
        {
            var next = text.AsSpan(0, end).LastIndexOf(separator, StringComparison.Ordinal);
            if (next < 0) break;
            parts.Add(text[(next + separator.Length)..end]);
            end = next;
        }

        parts.Add(text[..end]);
        parts.Reverse();
        return parts;
    }

    /// <summary>The lines without their ends.</summary>
    public static List<string> Lines(string text)
    {
        var lines = new List<string>();
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is not ('\n' or '\r' or '\v' or '\f' or '\x1c' or '\x1d' or '\x1e' or '\x85' or '\u2028' or '\u2029')) continue;
            lines.Add(text[start..i]);
            if (text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n') i++;
            start = i + 1;
        }

        if (start < text.Length) lines.Add(text[start..]);
        return lines;
    }

    /// <summary>The first character in upper case, the others in lower case.</summary>
    public static string Capitalize(string text) => text.Length == 0 ? text : text[..1].ToUpperInvariant() + text[1..].ToLowerInvariant();

    /// <summary>Every run of letters with its first one in upper case and the others in lower case.</summary>
    public static string Title(string text)
    {
        var title = new StringBuilder(text.Length);
        var inside = false;
        foreach (var c in text)
        {
            title.Append(inside ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c));
            inside = char.IsLetter(c);
        }

        return title.ToString();
    }

    /// <summary>A number with a fraction as Python writes it.</summary>
    public static string Number(double value)
    {
        if (double.IsNaN(value)) return "nan";
        if (double.IsInfinity(value)) return value > 0 ? "inf" : "-inf";
        if (value == Math.Floor(value) && Math.Abs(value) < 1e16) return value.ToString("F1", CultureInfo.InvariantCulture);
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        var exponent = text.IndexOf('E', StringComparison.Ordinal);
        if (exponent < 0) return Math.Abs(value) < 1e16 ? text : WithExponent(text);
        var digits = text[(exponent + 2)..].TrimStart('0').PadLeft(2, '0');
        return $"{text[..exponent]}e{text[exponent + 1]}{digits}";
    }

    private static string WithExponent(string digits)
    {
        var sign = digits[0] == '-' ? "-" : "";
        digits = digits[sign.Length..];
        var fraction = digits[1..].TrimEnd('0');
        return string.Create(CultureInfo.InvariantCulture, $"{sign}{digits[0]}{(fraction.Length > 0 ? "." : "")}{fraction}e+{digits.Length - 1}");
    }

    /// <summary>A string as Python's <c>repr</c> writes it.</summary>
    public static string Quoted(string text)
    {
        var quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        var quoted = new StringBuilder().Append(quote);
        foreach (var c in text)
        {
            if (c == quote || c == '\\') quoted.Append('\\').Append(c);
            else if (c == '\n') quoted.Append("\\n");
            else if (c == '\r') quoted.Append("\\r");
            else if (c == '\t') quoted.Append("\\t");
            else if (c < ' ' || c is >= '\x7f' and < '\xa0') quoted.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}");
            else quoted.Append(c);
        }

        return quoted.Append(quote).ToString();
    }

    private static bool Surrogates(string text) => text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') >= 0;
}
