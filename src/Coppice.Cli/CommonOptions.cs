using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Coppice.Foundation;
using Coppice.Models;

namespace Coppice.Cli;

/// <summary>Options that mean the same wherever they occur. A command takes those that it honours and no others.</summary>
internal static class CommonOptions
{
    /// <summary>Stack traces of errors. Every command has it.</summary>
    public static Option<bool> Verbose { get; } = new("--verbose") { Description = "Say more: the stack trace of an error, the first batch of a run", Recursive = true };

    /// <summary>One JSON object on stdout and nothing else.</summary>
    public static Option<bool> Json { get; } = new("--json") { Description = "Print the result as one JSON object on stdout" };

    /// <summary>Show what would be done.</summary>
    public static Option<bool> DryRun { get; } = new("--dry-run") { Description = "Show what would be done, and do nothing" };

    /// <summary>Threads to compute with.</summary>
    public static Option<int> Threads { get; } = Whole("--threads", 0, 4096, 0, "Threads to compute with; 0 means one for each core. The result doesn't depend on it");

    /// <summary>In what a model's matrices are held while it runs.</summary>
    public static Option<string> Quantize { get; } = Choice("--quantize", ["none", "int8", "int4"], "Hold the model's matrices in 8 or 4 bits a weight: less memory, faster, a little less exact");

    /// <summary>Where the result goes.</summary>
    public static Option<string> Output(string helpName, string description) =>
        new("--output", "-o") { Description = description, HelpName = helpName, Required = true };

    /// <summary>The seed of random numbers.</summary>
    public static Option<long> Seed(long byDefault) => new("--seed")
    {
        Description = "Seed of the random numbers: the same seed gives the same result",
        HelpName = "N",
        DefaultValueFactory = _ => byDefault,
        CustomParser = result => Parse<long>(
            result,
            (string text, NumberStyles style, IFormatProvider provider, out long value) => long.TryParse(text, style, provider, out value) && value >= 0,
            "a whole number from 0 to 9223372036854775807"),
    };

    /// <summary>An option with a whole number.</summary>
    public static Option<int> Whole(string name, int minimum, int maximum, int byDefault, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => byDefault,
        CustomParser = result => Parse<int>(
            result,
            (string text, NumberStyles style, IFormatProvider provider, out int value) => int.TryParse(text, style, provider, out value) && value >= minimum && value <= maximum,
            FormattableString.Invariant($"a whole number from {minimum} to {maximum}")),
    };

    /// <summary>An option with a number.</summary>
    public static Option<double> Number(string name, double minimum, double maximum, double byDefault, string description) => new(name)
    {
        Description = description,
        HelpName = "X",
        DefaultValueFactory = _ => byDefault,
        CustomParser = result => Parse<double>(
            result,
            (string text, NumberStyles _, IFormatProvider provider, out double value) =>
                double.TryParse(text, NumberStyles.Float, provider, out value) && value >= minimum && value <= maximum,
            FormattableString.Invariant($"a number from {minimum} to {maximum}")),
    };

    /// <summary>An option with one of a few names. The first is the default.</summary>
    public static Option<string> Choice(string name, IReadOnlyList<string> choices, string description)
    {
        var option = new Option<string>(name) { Description = description, HelpName = string.Join("|", choices), DefaultValueFactory = _ => choices[0] };
        option.Validators.Add(result =>
        {
            var value = result.Tokens.Count == 1 ? result.Tokens[0].Value : choices[0];
            if (!choices.Contains(value)) result.AddError($"{name} must be one of {string.Join(", ", choices)}, not '{value}'{NearestName.Hint(value, choices)}");
        });
        return option;
    }

    /// <summary>What was given for an option; null where nothing was, so that its default counts.</summary>
    public static T? Given<T>(this ParseResult parse, Option<T> option)
        where T : struct => parse.GetResult(option) is { Implicit: false } ? parse.GetValue(option) : null;

    /// <summary>Refuses an option that was given beside nothing that it could do.</summary>
    /// <param name="parse">What was given.</param>
    /// <param name="option">The option.</param>
    /// <param name="of">What it belongs to.</param>
    /// <param name="isAsked">Whether that was asked for.</param>
    public static void RequireFor(this ParseResult parse, Option option, string of, bool isAsked)
    {
        if (!isAsked && parse.GetResult(option) is { Implicit: false }) throw CoppiceException.Usage($"{option.Name} is for {of}");
    }

    /// <summary>What <see cref="Quantize"/> says.</summary>
    public static Quantization ReadQuantize(ParseResult parse) => Enum.Parse<Quantization>(parse.GetRequiredValue(Quantize), ignoreCase: true);

    private delegate bool TryParse<T>(string text, NumberStyles style, IFormatProvider provider, out T value);

    private static T Parse<T>(ArgumentResult result, TryParse<T> tryParse, string expected)
        where T : struct
    {
        var text = result.Tokens[0].Value;
        if (tryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)) return value;
        result.AddError($"{((OptionResult)result.Parent!).Option.Name} must be {expected}, not '{text}'");
        return default;
    }
}
