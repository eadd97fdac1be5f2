using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Continual.MixtureLaws;

/// <summary>Refuses measurements to which no law can be fitted: a fit to them would look like any other.</summary>
internal static class Measured
{
    public static void Finite(IEnumerable<double> values, string what) => All(values, double.IsFinite, what, "a number");

    public static void Positive(IEnumerable<double> values, string what) =>
        All(values, value => double.IsFinite(value) && value > 0, what, "above 0");

    public static void Fraction(IEnumerable<double> values, string what) =>
        All(values, value => value is >= 0 and <= 1, what, "between 0 and 1");

    public static void Rising(IReadOnlyList<double> values, string what)
    {
        for (var i = 1; i < values.Count; i++)
            if (!(values[i] > values[i - 1]))
                throw new CoppiceException($"{what}: {Text(values[i])} comes after {Text(values[i - 1])}; they have to rise.");
    }

    public static void Enough(int count, int least, string what)
    {
        if (count < least) throw new CoppiceException($"{count} {what} are too few to fit a law; at least {least} are needed.");
    }

    public static void SameCount(int count, int other, string what)
    {
        if (count != other) throw new CoppiceException($"{what}: {count} and {other} values don't pair up.");
    }

    private static void All(IEnumerable<double> values, Func<double, bool> good, string what, string rule)
    {
        foreach (var value in values)
            if (!good(value))
                throw new CoppiceException($"{what}: {Text(value)} isn't {rule}.");
    }

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
