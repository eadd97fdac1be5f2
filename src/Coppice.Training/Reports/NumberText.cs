using System.Globalization;

namespace Coppice.Training.Reports;

/// <summary>Numbers as a report shows them, and round numbers for the ticks of an axis.</summary>
public static class NumberText
{
    private static readonly (double Size, string Suffix)[] Suffixes = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e4, "k")];

    /// <summary>A number for reading: four digits that count, thousands shortened from 10 000 on, powers of ten below 0.0001.</summary>
    /// <param name="value">The number.</param>
    public static string Short(double value)
    {
        if (!double.IsFinite(value)) return double.IsNaN(value) ? "not a number" : value > 0 ? "∞" : "−∞";
        var size = Math.Abs(value);
        var sign = value < 0 ? "−" : "";
        foreach (var (unit, suffix) in Suffixes)
        {
            if (size >= unit) return sign + Digits(size / (suffix == "k" ? 1e3 : unit)) + " " + suffix;
        }

        if (size == 0) return "0";
        if (size >= 1e-4) return sign + Digits(size);
        var exponent = (int)Math.Floor(Math.Log10(size));
        return string.Create(CultureInfo.InvariantCulture, $"{sign}{Digits(size / Math.Pow(10, exponent))}e{exponent}").Replace("e-", "e−", StringComparison.Ordinal);
    }

    /// <summary>A whole number, from 10 000 on with its thousands set apart.</summary>
    /// <param name="value">The number.</param>
    public static string Whole(long value) => value.ToString(Math.Abs((double)value) < 10_000 ? "0" : "#,0", CultureInfo.InvariantCulture)
        .Replace(',', '\u202F').Replace("-", "−", StringComparison.Ordinal);

    /// <summary>A change in percent, with its sign, such as <c>+1.25 %</c>.</summary>
    /// <param name="percent">The change.</param>
    public static string Change(double percent) => percent.ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture) + " %";

    /// <summary>A number with four decimals, for numbers that stand below each other.</summary>
    /// <param name="value">The number.</param>
    public static string Aligned(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);

    /// <summary>Round numbers (1, 2 or 5 times a power of ten apart) that cover a range.</summary>
    /// <param name="minimum">The least value to cover.</param>
    /// <param name="maximum">The greatest value to cover.</param>
    /// <param name="count">About how many ticks.</param>
    public static IReadOnlyList<double> Ticks(double minimum, double maximum, int count)
    {
        if (!(maximum > minimum)) (minimum, maximum) = minimum == 0 ? (0, 1) : (minimum - (Math.Abs(minimum) / 2), minimum + (Math.Abs(minimum) / 2));
        var rough = (maximum - minimum) / count;
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        var step = (rough / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 } * power;
        var first = Math.Floor((minimum / step) + 1e-9);
        var last = Math.Ceiling((maximum / step) - 1e-9);
        var ticks = new List<double>();
        for (var i = first; i <= last && ticks.Count < 100; i++) ticks.Add(double.Parse((i * step).ToString("G12", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture));
        return ticks;
    }

    private static string Digits(double value) => value >= 1_000
        ? value.ToString("0", CultureInfo.InvariantCulture)
        : double.Parse(value.ToString("G4", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture).ToString("0.#######", CultureInfo.InvariantCulture);
}
