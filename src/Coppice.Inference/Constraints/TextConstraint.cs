using Coppice.Foundation;

namespace Coppice.Inference;

/// <summary>What a generated text must look like: it is made of tokens that keep to it, and it ends only where it is whole. Equal ones are made ready once.</summary>
/// <remarks>A text that reaches the most tokens is cut off there like any other; <see cref="GenerationResult.FinishReason"/> tells.</remarks>
public sealed record TextConstraint
{
    // Reading takes time with the length, and servers read what strangers send.
    private const int LongestText = 1 << 18;

    private readonly Kind _kind;
    private readonly string _text;

    private TextConstraint(Kind kind, string text)
    {
        if (text.Length > LongestText) throw CoppiceException.Usage($"a constraint of {text.Length} characters; {LongestText} are the most");
        (_kind, _text) = (kind, text);
    }

    private enum Kind
    {
        Regex,
        Grammar,
        JsonSchema,
        JsonObject,
    }

    /// <summary>Any JSON object.</summary>
    public static TextConstraint JsonObject { get; } = new(Kind.JsonObject, "");

    /// <summary>A text that matches a regular expression as a whole.</summary>
    /// <param name="regex">The expression: no look-around, no back-references.</param>
    public static TextConstraint Regex(string regex) => new(Kind.Regex, regex);

    /// <summary>A text that follows the rule <c>root</c> of a grammar.</summary>
    /// <param name="grammar">The grammar, as llama.cpp writes it (GBNF).</param>
    public static TextConstraint Grammar(string grammar) => new(Kind.Grammar, grammar);

    /// <summary>JSON that a schema describes. Properties come in the schema's order; there is at most one space behind a colon or a comma.</summary>
    /// <param name="schema">The JSON schema.</param>
    public static TextConstraint JsonSchema(string schema) => new(Kind.JsonSchema, schema);

    /// <summary>Reads it.</summary>
    /// <exception cref="CoppiceException">It is wrong, not supported or too large.</exception>
    internal Grammar Read() => _kind switch
    {
        Kind.Regex => new Grammar("regex", new Dictionary<string, Pattern> { ["regex"] = RegexParser.Parse("regex", _text) }),
        Kind.Grammar => GrammarParser.Parse(_text),
        Kind.JsonSchema => JsonSchemaReader.Read(_text),
        _ => JsonSchemaReader.Read("""{"type": "object"}"""),
    };
}
