using System.Globalization;
using System.Text;

namespace Coppice.Tokenizers;

/// <summary>Shows text from a file in a message of one line.</summary>
internal static class Quoted
{
    private const int LongestShown = 80;

    /// <summary>The text in quotes, with control characters and line ends escaped, and cut where it is long.</summary>
    public static string Text(string text)
    {
        var start = text.AsSpan(0, Math.Min(text.Length, LongestShown));
        var end = text.Length > LongestShown ? "…'" : "'";
        if (!HasHidden(start)) return $"'{start}{end}";
        var shown = new StringBuilder("'");
        foreach (var unit in start)
        {
            if (IsHidden(unit)) shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}");
            else shown.Append(unit);
        }

        return shown.Append(end).ToString();
    }

    private static bool HasHidden(ReadOnlySpan<char> text)
    {
        foreach (var unit in text)
        {
            if (IsHidden(unit)) return true;
        }

        return false;
    }

    private static bool IsHidden(char unit) => char.IsControl(unit) || unit is '\u2028' or '\u2029';
}
