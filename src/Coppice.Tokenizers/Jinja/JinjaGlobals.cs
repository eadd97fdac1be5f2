using System.Globalization;
using System.Text;

namespace Coppice.Tokenizers.Jinja;

/// <summary>The functions that every template has.</summary>
internal static class JinjaGlobals
{
    // As the sandbox that transformers runs templates in.
    private const long LongestRange = 100_000;

    /// <summary>The functions by name.</summary>
    public static IReadOnlyDictionary<string, object?> All { get; } = new Dictionary<string, object?>(StringComparer.Ordinal)
    {
        ["raise_exception"] = new JinjaFunction("raise_exception", (runtime, arguments) => throw runtime.Refusal(JinjaValue.Text(runtime, arguments.Bind(runtime, "raise_exception", "message")[0]))),
        ["strftime_now"] = new JinjaFunction("strftime_now", (runtime, arguments) => Time(runtime, JinjaValue.Text(runtime, arguments.Bind(runtime, "strftime_now", "format")[0]))),
        ["range"] = new JinjaFunction("range", Range),
        ["namespace"] = new JinjaFunction("namespace", (runtime, arguments) =>
        {
            var made = new JinjaNamespace();
            foreach (var (name, value) in Entries(runtime, "namespace", arguments)) made.Values[name] = value;
            return made;
        }),
        ["dict"] = new JinjaFunction("dict", (runtime, arguments) =>
        {
            var made = new JinjaMap();
            foreach (var (name, value) in Entries(runtime, "dict", arguments)) made[name] = value;
            return made;
        }),
    };

    private static IEnumerable<KeyValuePair<string, object?>> Entries(JinjaRuntime runtime, string name, JinjaArguments arguments) => arguments.Positional switch
    {
        [] => arguments.Named,
        [JinjaMap map] => map.Concat(arguments.Named),
        _ => throw runtime.Error($"{name} takes a dictionary and arguments with names"),
    };

    private static JinjaList Range(JinjaRuntime runtime, JinjaArguments arguments)
    {
        if (arguments.Named.Count > 0 || arguments.Positional.Count is 0 or > 3) throw runtime.Error("range takes one to three numbers");
        var numbers = arguments.Positional.Select(value => JinjaValue.Whole(runtime, value)).ToList();
        var (start, stop) = numbers.Count == 1 ? (0, numbers[0]) : (numbers[0], numbers[1]);
        var step = numbers.Count == 3 ? numbers[2] : 1;
        if (step == 0) throw runtime.Error("range can't have the step 0");
        var range = new JinjaList();
        // In 128 bits: no sum of these overflows.
        for (Int128 i = start; step > 0 ? i < stop : i > stop; i += step)
        {
            if (range.Count == LongestRange) throw runtime.Error($"a range may have {LongestRange} numbers at the most");
            range.Add((long)i);
        }

        runtime.Count(range.Count);
        return range;
    }

    private static string Time(JinjaRuntime runtime, string format)
    {
        var now = runtime.Now;
        var text = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }

            // A dash leaves out the zero in front.
            var plain = format[++i] == '-' && i + 1 < format.Length;
            if (plain) i++;
            var part = format[i] switch
            {
                'Y' => Shown("yyyy"),
                'y' => Shown("yy"),
                'm' => Shown("MM"),
                'd' => Shown("dd"),
                'e' => now.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
                'B' => Shown("MMMM"),
                'b' or 'h' => Shown("MMM"),
                'A' => Shown("dddd"),
                'a' => Shown("ddd"),
                'H' => Shown("HH"),
                'I' => Shown("hh"),
                'M' => Shown("mm"),
                'S' => Shown("ss"),
                'f' => Shown("ffffff"),
                'p' => Shown("tt"),
                'j' => now.DayOfYear.ToString("D3", CultureInfo.InvariantCulture),
                'F' => Shown("yyyy-MM-dd"),
                'T' => Shown("HH:mm:ss"),
                'D' => Shown("MM/dd/yy"),
                '%' => "%",
                var other => throw runtime.Error($"strftime_now: %{other} is not supported"),
            };
            text.Append(plain && part.TrimStart('0', ' ') is { Length: > 0 } shorter ? shorter : part);
        }

        return text.ToString();

        string Shown(string pattern) => now.ToString(pattern, CultureInfo.InvariantCulture);
    }
}
