using System.Globalization;

namespace Coppice.Cli.Output;

/// <summary>Numbers as the terminal shows them.</summary>
internal static class Figures
{
    // What a model writes may hold escape sequences like any other bytes.
    private const char Unprintable = '\uFFFD';

    private static readonly (double Size, string Unit)[] ByteUnits = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];

    /// <summary>A text without the characters that would steer a terminal.</summary>
    public static string Printable(string text) => string.Concat(text.Select(c => char.IsControl(c) && c is not ('\n' or '\t') ? Unprintable : c));

    /// <summary>A count, such as <c>1,234,567</c>.</summary>
    public static string Count(long value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>A count with what is counted, such as <c>1 document</c> or <c>2,000 documents</c>.</summary>
    public static string Count(long value, string noun) => $"{Count(value)} {noun}{(value == 1 ? "" : "s")}";

    /// <summary>Four digits that matter, such as <c>1.234</c> or <c>1.2e-05</c>.</summary>
    public static string Number(double value) => value.ToString("G4", CultureInfo.InvariantCulture).Replace("E", "e", StringComparison.Ordinal);

    /// <summary>A share, such as <c>52.3 %</c>.</summary>
    public static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");

    /// <summary>An amount of bytes, such as <c>1.2 MB</c> (10⁶ bytes).</summary>
    public static string Bytes(long bytes)
    {
        foreach (var (size, unit) in ByteUnits)
        {
            if (bytes >= size) return string.Create(CultureInfo.InvariantCulture, $"{bytes / size:0.#} {unit}");
        }

        return string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes");
    }

    /// <summary>A duration, such as <c>0:07</c>, <c>12:34</c> or <c>1:02:03</c>.</summary>
    public static string Duration(TimeSpan time) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(time.TotalHours >= 1 ? $"{(long)time.TotalHours}:{time.Minutes:00}" : time.Minutes)}:{time.Seconds:00}");
}
