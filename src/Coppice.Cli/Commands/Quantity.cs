using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Cli.Commands;

/// <summary>Amounts as people write them on a command line.</summary>
internal static class Quantity
{
    private static readonly (string Unit, double Size)[] ByteUnits =
        [("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40), ("kB", 1e3), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("B", 1)];

    /// <summary>A share: <c>2%</c> or <c>0.02</c>.</summary>
    public static double Share(string option, string text)
    {
        var percent = text.EndsWith('%');
        return double.TryParse(percent ? text[..^1] : text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= 0 && double.IsFinite(value)
            ? percent ? value / 100 : value
            : throw CoppiceException.Usage($"{option}: '{text}' is no share; write 2% or 0.02");
    }

    /// <summary>An amount of bytes: <c>200MB</c>, <c>1.5 GiB</c> or a plain number.</summary>
    public static long Bytes(string option, string text)
    {
        var (unit, size) = ByteUnits.FirstOrDefault(unit => text.EndsWith(unit.Unit, StringComparison.Ordinal), ("", 1));
        return double.TryParse(text[..^unit.Length], NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= 0 && value * size <= long.MaxValue / 2
            ? (long)(value * size)
            : throw CoppiceException.Usage($"{option}: '{text}' is no amount of bytes; write 200MB or 1.5GiB");
    }
}
