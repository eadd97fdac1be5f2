using Coppice.Foundation;

namespace Coppice.Tokenizers.Jinja;

/// <summary>What may stand after <c>is</c>.</summary>
internal static class JinjaTests
{
    private static readonly Dictionary<string, Func<JinjaRuntime, object?, object?, bool>> WithArgument = new(StringComparer.Ordinal)
    {
        ["equalto"] = (runtime, value, other) => JinjaValue.AreEqual(runtime, value, other),
        ["eq"] = (runtime, value, other) => JinjaValue.AreEqual(runtime, value, other),
        ["=="] = (runtime, value, other) => JinjaValue.AreEqual(runtime, value, other),
        ["ne"] = (runtime, value, other) => !JinjaValue.AreEqual(runtime, value, other),
        ["!="] = (runtime, value, other) => !JinjaValue.AreEqual(runtime, value, other),
        ["lt"] = (runtime, value, other) => JinjaValue.Compare(runtime, value, other) < 0,
        ["lessthan"] = (runtime, value, other) => JinjaValue.Compare(runtime, value, other) < 0,
        ["le"] = (runtime, value, other) => JinjaValue.Compare(runtime, value, other) <= 0,
        ["gt"] = (runtime, value, other) => JinjaValue.Compare(runtime, value, other) > 0,
        ["greaterthan"] = (runtime, value, other) => JinjaValue.Compare(runtime, value, other) > 0,
        ["ge"] = (runtime, value, other) => JinjaValue.Compare(runtime, value, other) >= 0,
        ["in"] = JinjaOperators.IsIn,
        ["sameas"] = (runtime, value, other) => value?.GetType() == other?.GetType() && JinjaValue.AreEqual(runtime, value, other),
        ["divisibleby"] = (runtime, value, other) => JinjaOperators.Compute(runtime, "%", value, other) is 0L,
    };

    private static readonly Dictionary<string, Func<object?, bool>> WithoutArgument = new(StringComparer.Ordinal)
    {
        ["defined"] = value => value is not JinjaUndefined,
        ["undefined"] = value => value is JinjaUndefined,
        ["none"] = value => value is null,
        ["true"] = value => value is true,
        ["false"] = value => value is false,
        ["boolean"] = value => value is bool,
        ["integer"] = value => value is long,
        ["float"] = value => value is double,
        // In Python a truth value is a number.
        ["number"] = value => value is long or double or bool,
        ["string"] = value => value is string,
        ["mapping"] = value => value is JinjaMap,
        ["sequence"] = value => value is string or JinjaList or JinjaMap or JinjaUndefined,
        ["iterable"] = value => value is string or JinjaList or JinjaMap or JinjaUndefined,
        ["callable"] = value => value is JinjaFunction,
        ["odd"] = value => value is long number && number % 2 != 0,
        ["even"] = value => value is long number && number % 2 == 0,
        ["lower"] = value => value is string text && text.Any(char.IsLower) && !text.Any(char.IsUpper),
        ["upper"] = value => value is string text && text.Any(char.IsUpper) && !text.Any(char.IsLower),
    };

    /// <summary>Whether a value passes a test.</summary>
    public static bool Holds(JinjaRuntime runtime, string name, object? value, JinjaArguments arguments)
    {
        if (WithArgument.TryGetValue(name, out var compare)) return compare(runtime, value, arguments.Bind(runtime, $"the test '{name}'", "other")[0]);
        if (!WithoutArgument.TryGetValue(name, out var test)) throw runtime.Error($"the test '{name}' is not supported{NearestName.Hint(name, WithArgument.Keys.Concat(WithoutArgument.Keys))}");
        arguments.Bind(runtime, $"the test '{name}'");
        return test(value);
    }
}
