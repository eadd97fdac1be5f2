namespace Coppice.Inference;

/// <summary>
/// Reads regular expressions: characters, classes, groups, alternatives, repetitions. \d, \w and \s are of ASCII. What can't be decided from left to right in
/// bounded memory (looking around, back-references) is refused.
/// </summary>
internal sealed class RegexParser
{
    private static readonly CodePoints AnyButLineFeed = CodePoints.All.Without(CodePoints.Of("\n"));

    private readonly PatternReader _reader;
    private readonly Pattern? _around;

    private RegexParser(string name, string regex, Pattern? around) => (_reader, _around) = (new PatternReader(name, regex), around);

    /// <summary>Reads a regular expression.</summary>
    /// <param name="name">What it is, for errors.</param>
    /// <param name="regex">Its text.</param>
    /// <param name="around">What may stand before and behind an alternative without ^ and $; null where it must be the whole text.</param>
    /// <exception cref="Foundation.CoppiceException">It is wrong or not supported.</exception>
    public static Pattern Parse(string name, string regex, Pattern? around = null)
    {
        var parser = new RegexParser(name, regex, around);
        var pattern = parser.Alternatives(depth: 0);
        return parser._reader.AtEnd ? pattern : throw parser._reader.Error("')' closes nothing");
    }

    private Pattern Alternatives(int depth)
    {
        if (depth > PatternReader.DeepestGroup) throw _reader.Error("groups lie too deep in each other");
        var alternatives = new List<Pattern>();
        do alternatives.Add(depth == 0 ? Anchored() : Pattern.Of(Parts(depth)));
        while (_reader.Take("|"));
        return alternatives.Count == 1 ? alternatives[0] : new Pattern.Choice(alternatives);
    }

    private Pattern Anchored()
    {
        var atStart = _reader.Take("^");
        var parts = Parts(depth: 0);
        var atEnd = _reader.Take("$");
        if (atEnd && !_reader.AtEnd && _reader.Next != '|') throw _reader.Error("'$' is supported at the end of the expression only");
        if (_around is not null && !atStart) parts.Insert(0, _around);
        if (_around is not null && !atEnd) parts.Add(_around);
        return Pattern.Of(parts);
    }

    private List<Pattern> Parts(int depth)
    {
        var parts = new List<Pattern>();
        while (!_reader.AtEnd && _reader.Next is not ('|' or ')') && !(depth == 0 && _reader.Next == '$'))
        {
            var part = Part(depth);
            if (_reader.Repetition() is (var least, var most))
            {
                part = new Pattern.Repeat(part, least, most);
                // Which of several matches is preferred doesn't matter where all of them are allowed.
                _reader.Take("?");
                if (_reader.Repetition() is not null) throw _reader.Error("a repetition can't be repeated or be possessive");
            }

            parts.Add(part);
        }

        return parts;
    }

    private Pattern Part(int depth)
    {
        if (_reader.Take("(")) return Group(depth);
        if (_reader.Take("[")) return new Pattern.Characters(_reader.Class());
        if (_reader.Take(".")) return new Pattern.Characters(AnyButLineFeed);
        if (_reader.Take("\\")) return new Pattern.Characters(_reader.Escape());
        if (_reader.Next is '*' or '+' or '?') throw _reader.Error($"there is nothing that '{_reader.Next}' could repeat");
        if (_reader.Next is '^' or '$') throw _reader.Error($"'{_reader.Next}' is supported at the start and the end of the expression only");
        var character = _reader.Character();
        return new Pattern.Characters(new CodePoints((character, character)));
    }

    private Pattern Group(int depth)
    {
        if (_reader.Take("?") && !_reader.Take(":"))
        {
            var isNamed = (_reader.Take("P<") || _reader.Take("<")) && _reader.TakeWhile(character => char.IsLetterOrDigit(character) || character == '_').Length > 0 && _reader.Take(">");
            if (!isNamed) throw _reader.Error("groups that look around or change options are not supported");
        }

        var pattern = Alternatives(depth + 1);
        return _reader.Take(")") ? pattern : throw _reader.Error("a group is not closed by ')'");
    }
}
