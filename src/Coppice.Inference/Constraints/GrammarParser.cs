using Coppice.Foundation;

namespace Coppice.Inference;

/// <summary>
/// Reads grammars as llama.cpp writes them: rules <c>name ::= ...</c> of texts in quotes, classes in brackets, a point for any character, names of rules, groups,
/// alternatives and repetitions; <c>#</c> begins a comment. The rule <c>root</c> is the whole text.
/// </summary>
internal sealed class GrammarParser
{
    private const string Start = "root";
    private const string Defines = "::=";

    private readonly PatternReader _reader;

    private GrammarParser(string text) => _reader = new PatternReader("grammar", text);

    /// <summary>Reads a grammar.</summary>
    /// <param name="text">Its text.</param>
    /// <exception cref="CoppiceException">It is wrong.</exception>
    public static Grammar Parse(string text)
    {
        var parser = new GrammarParser(text);
        var rules = new Dictionary<string, Pattern>(StringComparer.Ordinal);
        parser.SkipSpace();
        while (!parser._reader.AtEnd)
        {
            var name = parser.RuleBeginning() ?? throw parser._reader.Error($"a rule is expected, such as {Start} {Defines} \"yes\" | \"no\"");
            if (!rules.TryAdd(name, parser.Alternatives(depth: 0))) throw parser._reader.Error($"the rule '{name}' was there before");
        }

        return rules.ContainsKey(Start) ? new Grammar(Start, rules) : throw CoppiceException.Usage($"grammar: there is no rule '{Start}', which the whole text follows{NearestName.Hint(Start, rules.Keys)}");
    }

    private Pattern Alternatives(int depth)
    {
        if (depth > PatternReader.DeepestGroup) throw _reader.Error("groups lie too deep in each other");
        var alternatives = new List<Pattern>();
        do
        {
            SkipSpace();
            alternatives.Add(Pattern.Of(Parts(depth)));
        }
        while (_reader.Take("|"));
        return alternatives.Count == 1 ? alternatives[0] : new Pattern.Choice(alternatives);
    }

    private List<Pattern> Parts(int depth)
    {
        var parts = new List<Pattern>();
        while (!_reader.AtEnd && _reader.Next is not ('|' or ')') && !IsRuleBeginning())
        {
            var part = Part(depth);
            while (_reader.Repetition() is (var least, var most)) part = new Pattern.Repeat(part, least, most);
            parts.Add(part);
            SkipSpace();
        }

        if (_reader.Next == ')' && depth == 0) throw _reader.Error("')' closes nothing");
        return parts;
    }

    private Pattern Part(int depth)
    {
        if (_reader.Take("\"")) return Text();
        if (_reader.Take("[")) return new Pattern.Characters(_reader.Class());
        if (_reader.Take(".")) return new Pattern.Characters(CodePoints.All);
        if (_reader.Take("("))
        {
            var group = Alternatives(depth + 1);
            return _reader.Take(")") ? group : throw _reader.Error("a group is not closed by ')'");
        }

        var name = Name();
        return name.Length > 0 ? new Pattern.Rule(name) : throw _reader.Error($"'{_reader.Next}' is not expected here: texts stand in quotes");
    }

    private Pattern.Literal Text()
    {
        var text = new System.Text.StringBuilder();
        while (!_reader.Take("\"")) text.Append(char.ConvertFromUtf32(_reader.Take("\\") ? _reader.Only(_reader.Escape()) : _reader.Character()));
        return new Pattern.Literal(text.ToString());
    }

    private bool IsRuleBeginning()
    {
        var start = _reader.Position;
        var isOne = RuleBeginning() is not null;
        _reader.Position = start;
        return isOne;
    }

    /// <summary>Reads the name of a rule and the sign that defines it; null where something else comes next.</summary>
    private string? RuleBeginning()
    {
        var name = Name();
        SkipSpace();
        return name.Length > 0 && _reader.Take(Defines) ? name : null;
    }

    private string Name() => char.IsAsciiLetter(_reader.Next) || _reader.Next == '_' ? _reader.TakeWhile(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_') : "";

    private void SkipSpace()
    {
        do _reader.TakeWhile(char.IsWhiteSpace);
        while (_reader.Take("#") && _reader.TakeWhile(character => character != '\n') is not null);
    }
}
