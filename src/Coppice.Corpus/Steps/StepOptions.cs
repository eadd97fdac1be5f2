using System.Globalization;
using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Corpus;

/// <summary>
/// The options of one step as a recipe gives them, read by key with a type, a default and a range. Reading an option declares it: a key that is given and never read
/// is one that the step does not have (<see cref="RequireKnown"/>).
/// </summary>
public sealed class StepOptions
{
    /// <summary>The word that switches off a rule whose threshold is read by <see cref="NumberOrOff"/>.</summary>
    public const string Off = "off";

    private readonly IReadOnlyDictionary<string, IReadOnlyList<string>> _values;
    private readonly string _where;
    private readonly bool _describing;
    private readonly List<StepOption> _declared = [];
    private readonly List<string> _files = [];

    /// <summary>Options of a step.</summary>
    /// <param name="where">What messages call the place they were written at, such as <c>recipe.yaml:7: minhash</c>.</param>
    /// <param name="values">The values by key, as text; a single value is a list of one.</param>
    public StepOptions(string where, IReadOnlyDictionary<string, IReadOnlyList<string>> values)
        : this(where, values, describing: false)
    {
    }

    private StepOptions(string where, IReadOnlyDictionary<string, IReadOnlyList<string>> values, bool describing)
    {
        _where = where;
        _values = values;
        _describing = describing;
    }

    /// <summary>The options that were read so far, with the values they have: written out, they make the same step again.</summary>
    public IReadOnlyList<StepOption> Declared => _declared;

    /// <summary>The files that options named: what is in them is part of the step's configuration.</summary>
    public IReadOnlyList<string> NamedFiles => _files;

    /// <summary>Options where none is given: a step with its defaults.</summary>
    /// <param name="where">What messages call the step.</param>
    public static StepOptions None(string where) => new(where, new Dictionary<string, IReadOnlyList<string>>());

    internal static StepOptions ForDescription(string step) => new(step, new Dictionary<string, IReadOnlyList<string>>(), describing: true);

    /// <summary>A number.</summary>
    /// <param name="key">The option's key.</param>
    /// <param name="byDefault">Its value where it is not given.</param>
    /// <param name="minimum">The smallest allowed.</param>
    /// <param name="maximum">The largest allowed.</param>
    public double Number(string key, double byDefault, double minimum = double.MinValue, double maximum = double.MaxValue) =>
        Read(key, Written(byDefault), InRange("a number", minimum, maximum), text => ParseNumber(text, minimum, maximum));

    /// <summary>A number, or null where the option is <c>off</c>: a rule that can be switched off.</summary>
    /// <param name="key">The option's key.</param>
    /// <param name="byDefault">Its value where it is not given; null for off.</param>
    /// <param name="minimum">The smallest number allowed.</param>
    /// <param name="maximum">The largest number allowed.</param>
    public double? NumberOrOff(string key, double? byDefault, double minimum = double.MinValue, double maximum = double.MaxValue) =>
        Read<double?>(
            key,
            byDefault is { } number ? Written(number) : Off,
            $"{InRange("a number", minimum, maximum)}, or {Off}",
            text => text == Off ? (true, null) : ParseNumber(text, minimum, maximum));

    /// <summary>A whole number.</summary>
    /// <param name="key">The option's key.</param>
    /// <param name="byDefault">Its value where it is not given.</param>
    /// <param name="minimum">The smallest allowed.</param>
    /// <param name="maximum">The largest allowed.</param>
    public int Integer(string key, int byDefault, int minimum = int.MinValue, int maximum = int.MaxValue) =>
        Read(
            key,
            byDefault.ToString(CultureInfo.InvariantCulture),
            InRange("a whole number", minimum, maximum),
            text => (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= minimum && value <= maximum, value));

    /// <summary>A seed of random numbers.</summary>
    /// <param name="key">The option's key.</param>
    /// <param name="byDefault">Its value where it is not given.</param>
    public ulong Seed(string key = "seed", ulong byDefault = 0) =>
        Read(
            key,
            byDefault.ToString(CultureInfo.InvariantCulture),
            "a whole number from 0",
            text => (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value), value));

    /// <summary>A switch.</summary>
    /// <param name="key">The option's key.</param>
    /// <param name="byDefault">Its value where it is not given.</param>
    public bool Flag(string key, bool byDefault) =>
        Read(key, byDefault ? "true" : "false", "true or false", text => (text is "true" or "false", text == "true"));

    /// <summary>A text.</summary>
    /// <param name="key">The option's key.</param>
    /// <param name="byDefault">Its value where it is not given; null where it must be given.</param>
    public string Text(string key, string? byDefault = null) => Read(key, byDefault, "a text", text => (true, text), inDescription: "");

    /// <summary>One of a few words.</summary>
    /// <param name="key">The option's key.</param>
    /// <param name="byDefault">Its value where it is not given.</param>
    /// <param name="choices">The words.</param>
    public string Choice(string key, string byDefault, IReadOnlyList<string> choices) =>
        Read(key, byDefault, $"one of {string.Join(", ", choices)}", text => (choices.Contains(text), text), choices);

    /// <summary>One value of an enumeration, by its name in snake_case.</summary>
    /// <typeparam name="T">The enumeration.</typeparam>
    /// <param name="key">The option's key.</param>
    /// <param name="byDefault">Its value where it is not given.</param>
    public T Choice<T>(string key, T byDefault)
        where T : struct, Enum
    {
        var values = Enum.GetValues<T>();
        string[] names = [.. values.Select(NameOf)];
        return values[Array.IndexOf(names, Choice(key, NameOf(byDefault), names))];
    }

    /// <summary>A list of texts; one text is a list too.</summary>
    /// <param name="key">The option's key.</param>
    /// <param name="byDefault">Its value where it is not given; null for an empty list.</param>
    public IReadOnlyList<string> Texts(string key, IReadOnlyList<string>? byDefault = null)
    {
        var texts = _values.GetValueOrDefault(key, byDefault ?? []);
        Declare(key, $"[{string.Join(", ", texts)}]", "a list of texts", texts);
        return texts;
    }

    /// <summary>The path of a file, which must exist.</summary>
    /// <param name="key">The option's key, which must be given.</param>
    public string File(string key) => Named(Read(key, null, "the path of a file", text => (System.IO.File.Exists(text), text), inDescription: ""));

    /// <summary>The path of a file, which must exist, or null where none is given.</summary>
    /// <param name="key">The option's key.</param>
    public string? OptionalFile(string key)
    {
        var path = Read(key, "", "the path of a file", text => (text.Length == 0 || System.IO.File.Exists(text), text));
        return path.Length == 0 ? null : Named(path);
    }

    /// <summary>The paths of files, which must exist.</summary>
    /// <param name="key">The option's key.</param>
    public IReadOnlyList<string> Files(string key)
    {
        var paths = Texts(key);
        foreach (var path in paths)
        {
            if (!System.IO.File.Exists(path)) throw Wrong(key, "paths of files", path, "");
            Named(path);
        }

        return paths;
    }

    /// <summary>The path of a folder, which must exist.</summary>
    /// <param name="key">The option's key, which must be given.</param>
    public string Folder(string key) => Read(key, null, "the path of a folder", text => (Directory.Exists(text), text), inDescription: "");

    /// <summary>The path of a folder, which must exist, or null where none is given.</summary>
    /// <param name="key">The option's key.</param>
    public string? OptionalFolder(string key)
    {
        var path = Read(key, "", "the path of a folder", text => (text.Length == 0 || Directory.Exists(text), text));
        return path.Length == 0 ? null : path;
    }

    /// <summary>Complains about a key that was given and that no option was read by.</summary>
    /// <exception cref="CoppiceException">There is one (exit code 2).</exception>
    public void RequireKnown()
    {
        string[] known = [.. _declared.Select(option => option.Key)];
        if (_values.Keys.FirstOrDefault(key => !known.Contains(key)) is not { } unknown) return;
        var has = known.Length == 0 ? "the step has no options" : $"the step's options are {string.Join(", ", known)}";
        throw CoppiceException.Usage($"{_where}: there is no option '{unknown}'{NearestName.Hint(unknown, known)}; {has}");
    }

    private T Read<T>(
        string key, string? byDefault, string allowed, Func<string, (bool IsValid, T Value)> parse, IReadOnlyList<string>? choices = null, string? inDescription = null)
    {
        var given = _values.GetValueOrDefault(key);
        if (given is not null && given.Count != 1) throw CoppiceException.Usage($"{_where}: {key} must be {allowed}, not a list");
        var text = given?[0] ?? byDefault;
        Declare(key, text, allowed);
        if (text is null && !_describing) throw CoppiceException.Usage($"{_where}: {key} is missing; it must be {allowed}");
        var (isValid, value) = parse(text ?? inDescription!);
        return isValid || _describing ? value : throw Wrong(key, allowed, text!, choices is null ? "" : NearestName.Hint(text!, choices));
    }

    private void Declare(string key, string? value, string allowed, IReadOnlyList<string>? items = null)
    {
        if (_declared.All(option => option.Key != key)) _declared.Add(new StepOption(key, value, allowed, items));
    }

    private string Named(string path)
    {
        if (path.Length > 0) _files.Add(path);
        return path;
    }

    private CoppiceException Wrong(string key, string allowed, string text, string hint) =>
        CoppiceException.Usage($"{_where}: {key} must be {allowed}, not '{text}'{hint}");

    private static (bool IsValid, double Value) ParseNumber(string text, double minimum, double maximum) =>
        (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= minimum && value <= maximum, value);

    private static string InRange(string kind, double minimum, double maximum) => (minimum > int.MinValue, maximum < int.MaxValue) switch
    {
        (true, true) => FormattableString.Invariant($"{kind} from {minimum} to {maximum}"),
        (true, false) => FormattableString.Invariant($"{kind} from {minimum}"),
        (false, true) => FormattableString.Invariant($"{kind} up to {maximum}"),
        _ => kind,
    };

    private static string Written(double number) => number.ToString("R", CultureInfo.InvariantCulture);

    private static string NameOf<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
