using System.Text.Encodings.Web;
using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Inference;

/// <summary>JSON as patterns. There is at most one space behind a colon or a comma, and no other space: small models that may write spaces often write no end of them.</summary>
internal static class JsonText
{
    private const string Digits = "(0|[1-9][0-9]{0,15})";
    private const string Fraction = @"(\.[0-9]{1,16})?([eE][+-]?[0-9]{1,2})?";
    private const string EscapedByLetter = "\"\\\b\f\n\r\t";
    private const string EscapeLetters = "\"\\bfnrt";

    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 1000 };
    private static readonly CodePoints MustBeEscaped = new((0, 0x1F), ('"', '"'), ('\\', '\\'));
    private static readonly Pattern Hexadecimal = new Pattern.Characters(new CodePoints(('0', '9'), ('a', 'f'), ('A', 'F')));

    /// <summary>The characters that stand for themselves in a string.</summary>
    public static CodePoints PlainCharacters { get; } = MustBeEscaped.Complement();

    /// <summary>A character of a string. Of escapes by number, halves of surrogate pairs are left out.</summary>
    public static Pattern Character { get; } = new Pattern.Choice(
    [
        new Pattern.Characters(PlainCharacters),
        Pattern.Of(new Pattern.Literal("\\"), new Pattern.Choice(
        [
            new Pattern.Characters(CodePoints.Of(EscapeLetters + "/")),
            Pattern.Of(new Pattern.Literal("u"), new Pattern.Choice(
            [
                Pattern.Of(new Pattern.Characters(CodePoints.Of("0123456789abcefABCEF")), new Pattern.Repeat(Hexadecimal, 3, 3)),
                Pattern.Of(new Pattern.Characters(CodePoints.Of("dD")), new Pattern.Characters(CodePoints.Of("01234567")), new Pattern.Repeat(Hexadecimal, 2, 2)),
            ])),
        ])),
    ]);

    /// <summary>A comma between two values.</summary>
    public static Pattern Comma { get; } = Pattern.Of(new Pattern.Literal(","), Pattern.Optional(new Pattern.Literal(" ")));

    /// <summary>A colon behind a key.</summary>
    public static Pattern Colon { get; } = Pattern.Of(new Pattern.Literal(":"), Pattern.Optional(new Pattern.Literal(" ")));

    /// <summary>Any value.</summary>
    public static Pattern Value { get; } = new Pattern.Rule("value");

    /// <summary>Any string.</summary>
    public static Pattern String { get; } = new Pattern.Rule("string");

    /// <summary>Any integer of up to 16 digits.</summary>
    public static Pattern Integer { get; } = new Pattern.Rule("integer");

    /// <summary>Any number: up to 16 digits before and behind the point, and two of an exponent.</summary>
    public static Pattern Number { get; } = new Pattern.Rule("number");

    /// <summary>Any number of at least 0.</summary>
    public static Pattern NumberOfAtLeastZero { get; } = new Pattern.Rule("number of at least zero");

    /// <summary>Any object.</summary>
    public static Pattern Object { get; } = new Pattern.Rule("object");

    /// <summary>Any array.</summary>
    public static Pattern Array { get; } = new Pattern.Rule("array");

    /// <summary>The rules that the patterns above name.</summary>
    public static IReadOnlyDictionary<string, Pattern> Rules { get; } = new Dictionary<string, Pattern>(StringComparer.Ordinal)
    {
        ["string"] = Quoted(new Pattern.Repeat(Character, 0, null)),
        ["integer"] = RegexParser.Parse("integer", "-?" + Digits),
        ["number"] = RegexParser.Parse("number", "-?" + Digits + Fraction),
        ["number of at least zero"] = RegexParser.Parse("number", Digits + Fraction),
        ["member"] = Pattern.Of(String, Colon, Value),
        ["object"] = Pattern.Of(new Pattern.Literal("{"), List(new Pattern.Rule("member"), 0, null), new Pattern.Literal("}")),
        ["array"] = Pattern.Of(new Pattern.Literal("["), List(Value, 0, null), new Pattern.Literal("]")),
        ["value"] = new Pattern.Choice(
        [
            Object, Array, String, Number, new Pattern.Literal("true"), new Pattern.Literal("false"), new Pattern.Literal("null"),
        ]),
    };

    /// <summary>A string.</summary>
    /// <param name="content">What stands between the quotes.</param>
    public static Pattern Quoted(Pattern content) => Pattern.Of(new Pattern.Literal("\""), content, new Pattern.Literal("\""));

    /// <summary>Items with commas between them.</summary>
    /// <param name="item">An item.</param>
    /// <param name="least">The least items.</param>
    /// <param name="most">The most items; null without bound.</param>
    public static Pattern List(Pattern item, int least, int? most)
    {
        if (most == 0) return Pattern.Nothing;
        var list = Pattern.Of(item, new Pattern.Repeat(Pattern.Of(Comma, item), Math.Max(0, least - 1), most - 1));
        return least == 0 ? Pattern.Optional(list) : list;
    }

    /// <summary>A value as text.</summary>
    /// <param name="value">The value.</param>
    public static Pattern.Literal Literal(JsonElement value) => new(JsonSerializer.Serialize(value, Compact));

    /// <summary>A key as text.</summary>
    /// <param name="key">The key.</param>
    public static Pattern.Literal Key(string key) => new(JsonSerializer.Serialize(key, Compact));

    /// <summary>What a regular expression describes, as it is written in a string.</summary>
    /// <param name="pattern">The expression.</param>
    /// <exception cref="CoppiceException">It demands a control character that has no escape of its own.</exception>
    public static Pattern Escaped(Pattern pattern) => pattern switch
    {
        Pattern.Characters characters => Escaped(characters.Set),
        Pattern.Sequence sequence => new Pattern.Sequence([.. sequence.Parts.Select(Escaped)]),
        Pattern.Choice choice => new Pattern.Choice([.. choice.Alternatives.Select(Escaped)]),
        Pattern.Repeat repeat => repeat with { Part = Escaped(repeat.Part) },
        _ => throw new InvalidOperationException($"A regular expression has no {pattern.GetType()}."),
    };

    /// <summary>A string of plain characters that is none of some.</summary>
    /// <param name="others">The others.</param>
    public static Pattern KeyExcept(IReadOnlyList<string> others) => Quoted(Except([.. others.Order(StringComparer.Ordinal)], depth: 0));

    private static Pattern.Choice Escaped(CodePoints set)
    {
        var alternatives = new List<Pattern>();
        var plain = set.Without(MustBeEscaped);
        if (plain.Ranges.Count > 0) alternatives.Add(new Pattern.Characters(plain));
        for (var i = 0; i < EscapedByLetter.Length; i++)
        {
            if (set.Ranges.Any(range => range.First <= EscapedByLetter[i] && EscapedByLetter[i] <= range.Last)) alternatives.Add(new Pattern.Literal($"\\{EscapeLetters[i]}"));
        }

        return alternatives.Count > 0 ? new Pattern.Choice(alternatives) : throw CoppiceException.Usage("JSON schema: a pattern with a control character that JSON has no short escape for is not supported");
    }

    /// <summary>What can follow a common beginning of some keys so that the whole is none of them.</summary>
    private static Pattern.Choice Except(List<string> keys, int depth)
    {
        var rest = keys.Where(key => key.Length > depth).GroupBy(key => char.ConvertToUtf32(key, depth)).ToList();
        var any = new Pattern.Repeat(new Pattern.Characters(PlainCharacters), 0, null);
        var others = PlainCharacters.Without(new CodePoints(rest.Select(group => (group.Key, group.Key))));
        var alternatives = new List<Pattern> { Pattern.Of(new Pattern.Characters(others), any) };
        if (keys.All(key => key.Length > depth)) alternatives.Add(Pattern.Nothing);
        foreach (var group in rest)
        {
            var next = char.ConvertFromUtf32(group.Key);
            // A key with a character that has to be escaped can't be written by plain ones.
            if (PlainCharacters.Ranges.Any(range => range.First <= group.Key && group.Key <= range.Last)) alternatives.Add(Pattern.Of(new Pattern.Literal(next), Except([.. group], depth + next.Length)));
        }

        return new Pattern.Choice(alternatives);
    }
}
