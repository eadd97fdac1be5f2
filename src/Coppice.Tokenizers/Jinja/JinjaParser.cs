using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Tokenizers.Jinja;

/// <summary>Makes statements and expressions of a template's tokens. The order of the operators is Jinja's.</summary>
internal sealed partial class JinjaParser
{
    // What is nested is read by functions that call themselves.
    private const int Deepest = 60;

    private readonly string _name;
    private readonly List<JinjaToken> _tokens;
    private int _position;
    private int _depth;
    private int _loops;

    private JinjaParser(string name, List<JinjaToken> tokens) => (_name, _tokens) = (name, tokens);

    private JinjaToken Current => _tokens[_position];

    /// <summary>Reads a template.</summary>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="source">Its source.</param>
    /// <exception cref="CoppiceException">It is wrong, or uses what is not supported: the message has name and line.</exception>
    public static IReadOnlyList<JinjaStatement> Read(string name, string source)
    {
        var parser = new JinjaParser(name, JinjaLexer.Read(name, source));
        var statements = parser.ReadUntil();
        return parser.Current.Kind == JinjaTokenKind.End ? statements : throw parser.Error($"'{parser._tokens[parser._position + 1].Text}' closes nothing here");
    }

    /// <summary>Statements up to one of a few that end them, which is left unread, or to the end of the template.</summary>
    private List<JinjaStatement> ReadUntil(params string[] ends)
    {
        var statements = new List<JinjaStatement>();
        Deeper();
        while (true)
        {
            var (kind, text, line) = Current;
            switch (kind)
            {
                case JinjaTokenKind.End when ends.Length > 0: throw Error($"{ends[^1]} is missing");
                case JinjaTokenKind.End:
                    _depth--;
                    return statements;
                case JinjaTokenKind.Text:
                    _position++;
                    statements.Add(new JinjaText(line, text));
                    break;
                case JinjaTokenKind.OutputStart:
                    _position++;
                    statements.Add(new JinjaOutput(line, ReadTuple()));
                    Expect(JinjaTokenKind.OutputEnd);
                    break;
                default:
                    var keyword = _tokens[_position + 1];
                    if (keyword.Kind != JinjaTokenKind.Name) throw Error($"a statement is expected, not {keyword}");
                    if (ends.Contains(keyword.Text) || keyword.Text.StartsWith("end", StringComparison.Ordinal) || keyword.Text is "else" or "elif")
                    {
                        if (ends.Length > 0 && !ends.Contains(keyword.Text)) throw Error($"{ends[^1]} is missing before {keyword}");
                        _depth--;
                        return statements;
                    }

                    _position += 2;
                    statements.Add(ReadStatement(keyword));
                    break;
            }
        }
    }

    private JinjaStatement ReadStatement(JinjaToken keyword)
    {
        var line = keyword.Line;
        switch (keyword.Text)
        {
            case "if": return ReadIf(line);
            case "for": return ReadFor(line);
            case "set": return ReadSet(line);
            case "macro": return ReadMacro(line);
            case "break" or "continue":
                if (_loops == 0) throw Error($"{keyword.Text} is outside of every loop");
                EndTag();
                return new JinjaJump(line, keyword.Text == "break" ? JinjaFlow.Break : JinjaFlow.Continue);
            case "generation":
                EndTag();
                return new JinjaGeneration(line, ReadBody("endgeneration"));
            default: throw Error($"the statement '{keyword.Text}' is not supported{NearestName.Hint(keyword.Text, ["if", "for", "set", "macro", "break", "continue", "generation", "raw"])}");
        }
    }

    private JinjaIf ReadIf(int line)
    {
        var branches = new List<(JinjaExpression?, IReadOnlyList<JinjaStatement>)>();
        JinjaExpression? condition = ReadExpression();
        while (true)
        {
            EndTag();
            branches.Add((condition, condition is null ? ReadUntil("endif") : ReadUntil("elif", "else", "endif")));
            var end = EndKeyword();
            if (end == "endif")
            {
                EndTag();
                return new JinjaIf(line, branches);
            }

            condition = end == "elif" ? ReadExpression() : null;
        }
    }

    private JinjaFor ReadFor(int line)
    {
        var names = ReadNames();
        if (!Current.IsName("in")) throw Error($"'in' is expected, not {Current}");
        _position++;
        var values = ReadTuple(withChoice: false);
        JinjaExpression? filter = null;
        if (TakeName("if")) filter = ReadExpression();
        if (Current.IsName("recursive")) throw Error("recursive loops are not supported");
        EndTag();
        _loops++;
        var body = ReadUntil("else", "endfor");
        _loops--;
        var otherwise = EndKeyword() == "else" ? ReadElse() : [];
        EndTag();
        return new JinjaFor(line, names, values, filter, body, otherwise);

        List<JinjaStatement> ReadElse()
        {
            EndTag();
            var statements = ReadUntil("endfor");
            EndKeyword();
            return statements;
        }
    }

    private JinjaStatement ReadSet(int line)
    {
        if (_tokens[_position + 1].IsOperator("."))
        {
            var target = Expect(JinjaTokenKind.Name).Text;
            ExpectOperator(".");
            var attribute = Expect(JinjaTokenKind.Name).Text;
            ExpectOperator("=");
            var assigned = ReadTuple();
            EndTag();
            return new JinjaSetAttribute(line, target, attribute, assigned);
        }

        var names = ReadNames();
        if (TakeOperator("="))
        {
            var value = ReadTuple();
            EndTag();
            return new JinjaSet(line, names, value);
        }

        if (names.Count > 1) throw Error($"'=' is expected, not {Current}");
        var filters = new List<(string, JinjaArgumentList)>();
        while (TakeOperator("|")) filters.Add(ReadFilterName());
        EndTag();
        return new JinjaSetBlock(line, names[0], ReadBody("endset"), filters);
    }

    private JinjaMacro ReadMacro(int line)
    {
        var name = Expect(JinjaTokenKind.Name).Text;
        var parameters = new List<(string, JinjaExpression?)>();
        ExpectOperator("(");
        while (!TakeOperator(")"))
        {
            if (parameters.Count > 0) ExpectOperator(",");
            if (parameters.Count > 0 && TakeOperator(")")) break;
            var parameter = Expect(JinjaTokenKind.Name).Text;
            parameters.Add((parameter, TakeOperator("=") ? ReadExpression() : null));
        }

        EndTag();
        var loops = _loops;
        _loops = 0;
        var body = ReadBody("endmacro");
        _loops = loops;
        return new JinjaMacro(line, name, parameters, body);
    }

    /// <summary>Statements and the tag that ends them.</summary>
    private List<JinjaStatement> ReadBody(string end)
    {
        var body = ReadUntil(end);
        EndKeyword();
        // As in {% endmacro name %}.
        if (end == "endmacro" && Current.Kind == JinjaTokenKind.Name) _position++;
        EndTag();
        return body;
    }

    /// <summary>The names that a loop or a set gives values to.</summary>
    private List<string> ReadNames()
    {
        var inBrackets = TakeOperator("(");
        var names = new List<string> { Expect(JinjaTokenKind.Name).Text };
        while (TakeOperator(",")) names.Add(Expect(JinjaTokenKind.Name).Text);
        if (inBrackets) ExpectOperator(")");
        return names;
    }

    private string EndKeyword()
    {
        var keyword = _tokens[_position + 1].Text;
        _position += 2;
        return keyword;
    }

    private void EndTag() => Expect(JinjaTokenKind.BlockEnd);

    private JinjaToken Expect(JinjaTokenKind kind)
    {
        if (Current.Kind != kind) throw Error($"{Wanted(kind)} is expected, not {Current}");
        return _tokens[_position++];

        static string Wanted(JinjaTokenKind kind) => kind switch
        {
            JinjaTokenKind.BlockEnd => "the end of the statement",
            JinjaTokenKind.OutputEnd => "the end of the expression",
            _ => "a name",
        };
    }

    private void ExpectOperator(string text)
    {
        if (!TakeOperator(text)) throw Error($"'{text}' is expected, not {Current}");
    }

    private bool TakeOperator(string text)
    {
        if (!Current.IsOperator(text)) return false;
        _position++;
        return true;
    }

    private bool TakeName(string name)
    {
        if (!Current.IsName(name)) return false;
        _position++;
        return true;
    }

    private void Deeper()
    {
        if (++_depth > Deepest) throw Error("this is nested too deeply");
    }

    private long Whole(string digits) => long.TryParse(digits.Replace("_", "", StringComparison.Ordinal), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        ? number
        : throw Error("a number is too large");

    private CoppiceException Error(string what) => JinjaRuntime.Error(_name, Current.Line, what);
}
