namespace Coppice.Tokenizers.Jinja;

/// <summary>What the operators of an expression compute.</summary>
internal static class JinjaOperators
{
    /// <summary>Whether a comparison holds.</summary>
    public static bool Holds(JinjaRuntime runtime, string symbol, object? left, object? right) => symbol switch
    {
        "==" => JinjaValue.AreEqual(runtime, left, right),
        "!=" => !JinjaValue.AreEqual(runtime, left, right),
        "<" => JinjaValue.Compare(runtime, left, right) < 0,
        "<=" => JinjaValue.Compare(runtime, left, right) <= 0,
        ">" => JinjaValue.Compare(runtime, left, right) > 0,
        ">=" => JinjaValue.Compare(runtime, left, right) >= 0,
        "in" => IsIn(runtime, left, right),
        _ => !IsIn(runtime, left, right),
    };

    /// <summary>Whether a value is an item, a key or a part of a text.</summary>
    public static bool IsIn(JinjaRuntime runtime, object? item, object? container) => (container, item) switch
    {
        (string text, string part) => text.Contains(part, StringComparison.Ordinal),
        (string, _) => throw runtime.Error($"{JinjaValue.TypeName(item)} can't be a part of a text"),
        (JinjaMap map, _) => item is string key && map.ContainsKey(key),
        _ => JinjaValue.Items(runtime, container).Any(other => JinjaValue.AreEqual(runtime, item, other)),
    };

    /// <summary>The result of an arithmetic operator.</summary>
    public static object? Compute(JinjaRuntime runtime, string symbol, object? left, object? right)
    {
        if (symbol == "~") return Join(runtime, JinjaValue.Text(runtime, left), JinjaValue.Text(runtime, right));
        switch (symbol, left, right)
        {
            case ("+", string a, string b): return Join(runtime, a, b);
            case ("+", JinjaList a, JinjaList b):
                runtime.Allocate((long)a.Count + b.Count);
                return new JinjaList(a.Concat(b));
            case ("*", string text, long or bool): return Repeat(runtime, text, JinjaValue.Whole(runtime, right));
            case ("*", long or bool, string text): return Repeat(runtime, text, JinjaValue.Whole(runtime, left));
            case (_, long or bool, long or bool) when symbol != "/": return Compute(runtime, symbol, JinjaValue.Whole(runtime, left), JinjaValue.Whole(runtime, right));
        }

        if (JinjaValue.Number(left) is not { } x || JinjaValue.Number(right) is not { } y)
            throw runtime.Error($"'{symbol}' is not for {JinjaValue.TypeName(left)} and {JinjaValue.TypeName(right)}");
        if (y == 0 && symbol is "/" or "//" or "%") throw runtime.Error("a division by zero");
        return symbol switch
        {
            "+" => x + y,
            "-" => x - y,
            "*" => x * y,
            "/" => x / y,
            "//" => Math.Floor(x / y),
            "%" => x - (Math.Floor(x / y) * y),
            _ => Math.Pow(x, y),
        };
    }

    private static object Compute(JinjaRuntime runtime, string symbol, long x, long y)
    {
        if (y == 0 && symbol is "//" or "%") throw runtime.Error("a division by zero");
        try
        {
            checked
            {
                return symbol switch
                {
                    "+" => x + y,
                    "-" => x - y,
                    "*" => x * y,
                    // The quotient is rounded down and the remainder has the sign of the divisor.
                    "//" => (x / y) - (x % y != 0 && (x < 0) != (y < 0) ? 1 : 0),
                    "%" => x == long.MinValue && y == -1 ? 0 : ((x % y) + y) % y,
                    _ => Power(x, y),
                };
            }
        }
        catch (OverflowException)
        {
            throw runtime.Error("a number is too large");
        }
    }

    private static object Power(long x, long y)
    {
        if (y < 0) return Math.Pow(x, y);
        if (x is 0 or 1 || y == 0) return y == 0 ? 1L : x;
        if (x == -1) return y % 2 == 0 ? 1L : -1L;
        var power = 1L;
        // At most 63 rounds: every factor has an absolute value of at least 2.
        for (; y > 0; y--) power = checked(power * x);
        return power;
    }

    private static string Join(JinjaRuntime runtime, string a, string b)
    {
        runtime.Allocate((long)a.Length + b.Length);
        return a + b;
    }

    private static string Repeat(JinjaRuntime runtime, string text, long times)
    {
        if (times <= 0 || text.Length == 0) return "";
        runtime.Allocate(times > int.MaxValue ? long.MaxValue : times * text.Length);
        return string.Concat(Enumerable.Repeat(text, (int)times));
    }
}
