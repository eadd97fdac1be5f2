using System.Text.RegularExpressions;
using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>
/// Which modules are meant, by the rules of PEFT: a list of names matches paths that are one of them or end with one behind a dot; an expression must match the
/// whole path; <c>all-linear</c> is every projection.
/// </summary>
public sealed class TargetPattern
{
    /// <summary>The expression that means every projection but the head.</summary>
    public const string AllLinear = "all-linear";

    // No pattern that people write takes long on a path of a hundred letters; one that does is hostile.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    private readonly Regex? _expression;

    private TargetPattern(IReadOnlyList<string> names, string? expression)
    {
        (Names, Expression) = (names, expression);
        if (expression is null or AllLinear) return;
        _expression = Compile($@"\A(?:{expression})\z", expression);
    }

    /// <summary>The names of a list; empty where it is an expression.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The expression, or null for a list.</summary>
    public string? Expression { get; }

    /// <summary>Whether every projection is meant.</summary>
    public bool IsAllLinear => Expression == AllLinear;

    /// <summary>Names of modules, or ends of their paths.</summary>
    /// <param name="names">At least one.</param>
    public static TargetPattern Of(params IReadOnlyList<string> names)
    {
        if (names.Count == 0 || names.Any(string.IsNullOrEmpty)) throw CoppiceException.Usage("a list of target modules needs names, and none of them may be empty");
        return new TargetPattern([.. names], null);
    }

    /// <summary>A regular expression that matches whole paths, or <see cref="AllLinear"/>.</summary>
    /// <param name="expression">The expression.</param>
    /// <exception cref="CoppiceException">It is none (exit code 2).</exception>
    public static TargetPattern Matching(string expression) => new([], expression);

    /// <summary>Whether a module is meant.</summary>
    /// <param name="path">Its path.</param>
    /// <exception cref="CoppiceException">The expression takes too long.</exception>
    public bool Matches(string path) => IsAllLinear || (_expression is null ? Names.Any(name => IsEnd(path, name)) : IsMatch(_expression, path, Expression!));

    /// <summary>Whether a path is a name or ends with it behind a dot.</summary>
    internal static bool IsEnd(string path, string name) =>
        path.EndsWith(name, StringComparison.Ordinal) && (path.Length == name.Length || path[path.Length - name.Length - 1] == '.');

    /// <summary>The value of the first pattern that matches the end of a path, as PEFT's <c>rank_pattern</c> and <c>alpha_pattern</c> do; else <paramref name="otherwise"/>.</summary>
    internal static T First<T>(IReadOnlyList<KeyValuePair<string, T>> patterns, string path, T otherwise)
    {
        foreach (var (pattern, value) in patterns)
        {
            if (IsMatch(Compile($@"\A(?:.*\.)?(?:{pattern})\z", pattern), path, pattern)) return value;
        }

        return otherwise;
    }

    private static Regex Compile(string expression, string shown)
    {
        try
        {
            return new Regex(expression, RegexOptions.CultureInvariant, Patience);
        }
        catch (ArgumentException error)
        {
            throw CoppiceException.Usage($"'{shown}' is not a regular expression: {error.Message}", error);
        }
    }

    private static bool IsMatch(Regex expression, string path, string shown)
    {
        try
        {
            return expression.IsMatch(path);
        }
        catch (RegexMatchTimeoutException error)
        {
            throw new CoppiceException($"'{shown}' takes too long to match '{path}': write a simpler expression", inner: error);
        }
    }
}
