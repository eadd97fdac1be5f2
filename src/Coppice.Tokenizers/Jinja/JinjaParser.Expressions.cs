using System.Globalization;

namespace Coppice.Tokenizers.Jinja;

/// <content>Expressions, from what binds least to what binds most.</content>
internal sealed partial class JinjaParser
{
    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    /// <summary>An expression, or several with commas between them, which are a tuple.</summary>
    /// <param name="withChoice">Whether an inline <c>if</c> may follow; behind the values of a loop it is the loop's.</param>
    private JinjaExpression ReadTuple(bool withChoice = true)
    {
        var line = Current.Line;
        var first = withChoice ? ReadExpression() : ReadOr();
        if (!Current.IsOperator(",")) return first;
        var items = new List<JinjaExpression> { first };
        while (TakeOperator(",") && !EndsTuple()) items.Add(withChoice ? ReadExpression() : ReadOr());
        return new JinjaListDisplay(line, items, IsTuple: true);

        bool EndsTuple() => Current.Kind is JinjaTokenKind.BlockEnd or JinjaTokenKind.OutputEnd || Current.IsOperator(")");
    }

    private JinjaExpression ReadExpression()
    {
        Deeper();
        var line = Current.Line;
        var value = ReadOr();
        while (TakeName("if"))
        {
            var condition = ReadOr();
            value = new JinjaChoice(line, condition, value, TakeName("else") ? ReadExpression() : null);
        }

        _depth--;
        return value;
    }

    private JinjaExpression ReadOr()
    {
        var left = ReadAnd();
        while (Current.IsName("or")) left = new JinjaLogic(_tokens[_position++].Line, IsAnd: false, left, ReadAnd());
        return left;
    }

    private JinjaExpression ReadAnd()
    {
        var left = ReadNot();
        while (Current.IsName("and")) left = new JinjaLogic(_tokens[_position++].Line, IsAnd: true, left, ReadNot());
        return left;
    }

    private JinjaExpression ReadNot()
    {
        if (!Current.IsName("not")) return ReadComparison();
        Deeper();
        var not = new JinjaNot(_tokens[_position++].Line, ReadNot());
        _depth--;
        return not;
    }

    private JinjaExpression ReadComparison()
    {
        var line = Current.Line;
        var first = ReadSum();
        var others = new List<(string, JinjaExpression)>();
        while (true)
        {
            if (Current.Kind == JinjaTokenKind.Operator && Comparisons.Contains(Current.Text)) others.Add((_tokens[_position++].Text, ReadSum()));
            else if (TakeName("in")) others.Add(("in", ReadSum()));
            else if (Current.IsName("not") && _tokens[_position + 1].IsName("in"))
            {
                _position += 2;
                others.Add(("not in", ReadSum()));
            }
            else
            {
                return others.Count == 0 ? first : new JinjaComparison(line, first, others);
            }
        }
    }

    private JinjaExpression ReadSum() => ReadChain(ReadConcatenation, "+", "-");

    private JinjaExpression ReadConcatenation() => ReadChain(ReadProduct, "~");

    private JinjaExpression ReadProduct() => ReadChain(ReadPower, "*", "/", "//", "%");

    private JinjaExpression ReadPower() => ReadChain(() => ReadUnary(), "**");

    private JinjaExpression ReadChain(Func<JinjaExpression> readOperand, params string[] operators)
    {
        var left = readOperand();
        while (Current.Kind == JinjaTokenKind.Operator && operators.Contains(Current.Text))
        {
            var symbol = _tokens[_position++];
            left = new JinjaArithmetic(symbol.Line, symbol.Text, left, readOperand());
        }

        return left;
    }

    private JinjaExpression ReadUnary(bool withFilter = true)
    {
        var sign = Current;
        JinjaExpression value;
        if (sign.IsOperator("-") || sign.IsOperator("+"))
        {
            _position++;
            Deeper();
            value = new JinjaSign(sign.Line, sign.Text == "-", ReadUnary(withFilter: false));
            _depth--;
        }
        else
        {
            value = ReadPostfix(ReadPrimary());
        }

        return withFilter ? ReadFilters(value) : value;
    }

    private JinjaExpression ReadPrimary()
    {
        var (kind, text, line) = Current;
        _position++;
        switch (kind)
        {
            case JinjaTokenKind.Name:
                return text switch
                {
                    "true" or "True" => new JinjaLiteral(line, true),
                    "false" or "False" => new JinjaLiteral(line, false),
                    "none" or "None" => new JinjaLiteral(line, null),
                    _ => new JinjaName(line, text),
                };
            case JinjaTokenKind.String:
                while (Current.Kind == JinjaTokenKind.String) text += _tokens[_position++].Text;
                return new JinjaLiteral(line, text);
            case JinjaTokenKind.Integer: return new JinjaLiteral(line, Whole(text));
            case JinjaTokenKind.Float: return new JinjaLiteral(line, double.Parse(text.Replace("_", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture));
            case JinjaTokenKind.Operator when text == "(":
                if (TakeOperator(")")) return new JinjaListDisplay(line, [], IsTuple: true);
                var inner = ReadTuple();
                ExpectOperator(")");
                return inner;
            case JinjaTokenKind.Operator when text == "[": return new JinjaListDisplay(line, ReadItems("]", ReadExpression));
            case JinjaTokenKind.Operator when text == "{":
                return new JinjaMapDisplay(line, ReadItems("}", () =>
                {
                    var key = ReadExpression();
                    ExpectOperator(":");
                    return (key, ReadExpression());
                }));
            default:
                _position--;
                throw Error($"a value is expected, not {Current}");
        }
    }

    /// <summary>Items with commas between them, up to a bracket.</summary>
    private List<T> ReadItems<T>(string closing, Func<T> read)
    {
        var items = new List<T>();
        while (!TakeOperator(closing))
        {
            if (items.Count > 0) ExpectOperator(",");
            if (items.Count > 0 && TakeOperator(closing)) break;
            items.Add(read());
        }

        return items;
    }

    /// <summary>Attributes, items and calls of a value.</summary>
    private JinjaExpression ReadPostfix(JinjaExpression value)
    {
        while (true)
        {
            var line = Current.Line;
            if (TakeOperator("."))
            {
                var member = _tokens[_position++];
                value = member.Kind switch
                {
                    JinjaTokenKind.Name => new JinjaAttribute(line, value, member.Text),
                    JinjaTokenKind.Integer => new JinjaItem(line, value, new JinjaLiteral(line, Whole(member.Text))),
                    _ => throw Error($"a name is expected behind the dot, not {member}"),
                };
            }
            else if (TakeOperator("["))
            {
                value = ReadSubscript(value, line);
            }
            else if (TakeOperator("("))
            {
                value = new JinjaCall(line, value, ReadArguments());
            }
            else
            {
                return value;
            }
        }
    }

    private JinjaExpression ReadSubscript(JinjaExpression value, int line)
    {
        var bounds = new JinjaExpression?[3];
        var place = 0;
        while (!TakeOperator("]"))
        {
            if (TakeOperator(":")) place++;
            else if (place < 3 && bounds[place] is null) bounds[place] = ReadExpression();
            else throw Error($"']' is expected, not {Current}");
        }

        return (place, bounds[0]) switch
        {
            (0, { } key) => new JinjaItem(line, value, key),
            (1 or 2, _) => new JinjaSlice(line, value, bounds[0], bounds[1], bounds[2]),
            _ => throw Error("brackets hold an index or a slice"),
        };
    }

    /// <summary>What stands in the brackets of a call.</summary>
    private JinjaArgumentList ReadArguments()
    {
        var positional = new List<JinjaExpression>();
        var named = new List<(string, JinjaExpression)>();
        ReadItems(")", () =>
        {
            if (Current.IsOperator("*") || Current.IsOperator("**")) throw Error("arguments out of a list (*, **) are not supported");
            if (Current.Kind == JinjaTokenKind.Name && _tokens[_position + 1].IsOperator("="))
            {
                var name = Current.Text;
                _position += 2;
                named.Add((name, ReadExpression()));
            }
            else
            {
                if (named.Count > 0) throw Error("an argument without a name comes after one with a name");
                positional.Add(ReadExpression());
            }

            return true;
        });
        return new JinjaArgumentList(positional, named);
    }

    /// <summary>Filters and tests behind a value, and calls of what they give.</summary>
    private JinjaExpression ReadFilters(JinjaExpression value)
    {
        while (true)
        {
            var line = Current.Line;
            if (TakeOperator("|"))
            {
                var (name, arguments) = ReadFilterName();
                value = new JinjaFilter(line, value, name, arguments);
            }
            else if (TakeName("is"))
            {
                value = ReadTest(value, line);
            }
            else if (TakeOperator("("))
            {
                value = new JinjaCall(line, value, ReadArguments());
            }
            else
            {
                return value;
            }
        }
    }

    private (string Name, JinjaArgumentList Arguments) ReadFilterName()
    {
        var name = Expect(JinjaTokenKind.Name).Text;
        return (name, TakeOperator("(") ? ReadArguments() : JinjaArgumentList.None);
    }

    private JinjaExpression ReadTest(JinjaExpression value, int line)
    {
        var isNegated = TakeName("not");
        var name = Expect(JinjaTokenKind.Name).Text;
        var arguments = JinjaArgumentList.None;
        if (TakeOperator("(")) arguments = ReadArguments();
        // One argument may come without brackets: x is divisibleby 3
        else if (Current.Kind is JinjaTokenKind.String or JinjaTokenKind.Integer or JinjaTokenKind.Float || Current.IsOperator("[") || Current.IsOperator("{")
            || (Current.Kind == JinjaTokenKind.Name && Current.Text is not ("else" or "or" or "and" or "is" or "if" or "in" or "not")))
            arguments = new JinjaArgumentList([ReadPostfix(ReadPrimary())], []);
        JinjaExpression test = new JinjaTest(line, value, name, arguments);
        return isNegated ? new JinjaNot(line, test) : test;
    }
}
