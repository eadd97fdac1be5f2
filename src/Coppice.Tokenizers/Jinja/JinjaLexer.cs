using System.Globalization;
using System.Text;
using Coppice.Foundation;

namespace Coppice.Tokenizers.Jinja;

/// <summary>
/// Cuts a template's source into tokens, with white space as transformers has it: a statement or comment takes the white space before it on its line along
/// (<c>lstrip_blocks</c>) and the line break after it (<c>trim_blocks</c>), <c>-</c> inside a tag takes all white space on its side, <c>+</c> keeps it. A
/// line break at the very end of the source is none of the text.
/// </summary>
internal sealed class JinjaLexer
{
    private static readonly string[] LongOperators = ["**", "//", "==", "!=", ">=", "<="];
    private const string ShortOperators = "+-*/%~()[]{}<>=.,:|";

    private readonly string _name;
    private readonly string _source;
    private readonly List<JinjaToken> _tokens = [];
    private int _position;
    private int _line = 1;

    // Whether what comes next stands at the beginning of a line.
    private bool _startsLine = true;

    private JinjaLexer(string name, string source)
    {
        _name = name;
        source = source.ReplaceLineEndings("\n");
        _source = source.EndsWith('\n') ? source[..^1] : source;
    }

    /// <summary>Cuts a source into tokens.</summary>
    /// <param name="name">The template's name, for messages.</param>
    /// <param name="source">The source.</param>
    /// <exception cref="CoppiceException">A tag or string is not closed, or a character means nothing.</exception>
    public static List<JinjaToken> Read(string name, string source)
    {
        var lexer = new JinjaLexer(name, source);
        while (lexer._position < lexer._source.Length) lexer.ReadText();
        lexer._tokens.Add(new JinjaToken(JinjaTokenKind.End, "", lexer._line));
        return lexer._tokens;
    }

    /// <summary>Text up to the next tag, and the tag.</summary>
    private void ReadText()
    {
        var tag = FindTag(_position);
        if (tag < 0)
        {
            AddText(_source[_position..]);
            return;
        }

        var kind = _source[tag + 1];
        var text = _source[_position..tag];
        var sign = tag + 2 < _source.Length ? _source[tag + 2] : ' ';
        AddText(sign == '-' ? text.TrimEnd(PythonText.WhiteSpace) : sign != '+' && kind != '{' ? WithoutIndent(text) : text, tag);
        Advance(tag + (sign is '-' or '+' ? 3 : 2));
        if (kind == '#') SkipComment();
        else if (kind == '{') ReadTag(JinjaTokenKind.OutputStart, JinjaTokenKind.OutputEnd, "}}");
        else if (!ReadRaw()) ReadTag(JinjaTokenKind.BlockStart, JinjaTokenKind.BlockEnd, "%}");
    }

    private int FindTag(int from)
    {
        for (var i = from; i + 1 < _source.Length; i++)
        {
            if (_source[i] == '{' && _source[i + 1] is '{' or '%' or '#') return i;
        }

        return -1;
    }

    private string WithoutIndent(string text)
    {
        var start = text.LastIndexOf('\n') + 1;
        return (start > 0 || _startsLine) && text.AsSpan(start).Trim(PythonText.WhiteSpace).IsEmpty ? text[..start] : text;
    }

    private void AddText(string text, int? end = null)
    {
        if (text.Length > 0) _tokens.Add(new JinjaToken(JinjaTokenKind.Text, text, _line));
        Advance(end ?? _source.Length);
    }

    private void SkipComment()
    {
        var end = _source.IndexOf("#}", _position, StringComparison.Ordinal);
        if (end < 0) throw Error("a comment is not closed");
        Advance(end + 2);
        AfterTag(_source[end - 1], trimsLine: true);
    }

    /// <summary><c>{% raw %}</c>: text whose tags are none.</summary>
    private bool ReadRaw()
    {
        var after = SkipSpaces(_position);
        if (!IsWord(after, "raw")) return false;
        after = SkipSpaces(after + 3);
        var sign = after < _source.Length ? _source[after] : ' ';
        if (sign is '-' or '+') after++;
        if (string.CompareOrdinal(_source, after, "%}", 0, 2) != 0) return false;
        Advance(after + 2);
        AfterTag(sign, trimsLine: false);
        for (var tag = _position; (tag = _source.IndexOf("{%", tag, StringComparison.Ordinal)) >= 0; tag += 2)
        {
            var inner = tag + 2;
            var before = inner < _source.Length ? _source[inner] : ' ';
            if (before is '-' or '+') inner++;
            inner = SkipSpaces(inner);
            if (!IsWord(inner, "endraw")) continue;
            inner = SkipSpaces(inner + 6);
            sign = inner < _source.Length ? _source[inner] : ' ';
            if (sign is '-' or '+') inner++;
            if (string.CompareOrdinal(_source, inner, "%}", 0, 2) != 0) continue;
            var text = _source[_position..tag];
            AddText(before == '-' ? text.TrimEnd(PythonText.WhiteSpace) : before == '+' ? text : WithoutIndent(text), tag);
            Advance(inner + 2);
            AfterTag(sign, trimsLine: true);
            return true;
        }

        throw Error("raw is not closed by endraw");
    }

    private void ReadTag(JinjaTokenKind start, JinjaTokenKind end, string closing)
    {
        var line = _line;
        _tokens.Add(new JinjaToken(start, closing == "}}" ? "{{" : "{%", line));
        var open = 0;
        while (true)
        {
            Advance(SkipSpaces(_position));
            if (_position >= _source.Length) throw Error($"a tag that begins on line {line} is not closed by {closing}");
            // A brace that was opened inside is closed first: {{ {'a': {}} }}
            var sign = _source[_position];
            var at = sign is '-' or '+' ? _position + 1 : _position;
            if (open == 0 && string.CompareOrdinal(_source, at, closing, 0, 2) == 0)
            {
                _tokens.Add(new JinjaToken(end, closing, _line));
                if (at == _position) sign = ' ';
                Advance(at + 2);
                AfterTag(sign, trimsLine: end == JinjaTokenKind.BlockEnd);
                return;
            }

            var token = ReadToken();
            if (token.Kind == JinjaTokenKind.Operator && token.Text is "(" or "[" or "{") open++;
            if (token.Kind == JinjaTokenKind.Operator && token.Text is ")" or "]" or "}") open--;
            _tokens.Add(token);
        }
    }

    /// <summary>White space after a tag.</summary>
    private void AfterTag(char sign, bool trimsLine)
    {
        if (sign == '-')
        {
            var end = _position;
            while (end < _source.Length && PythonText.IsWhiteSpace(_source[end])) end++;
            Advance(end);
        }
        else if (trimsLine && sign != '+' && _position < _source.Length && _source[_position] == '\n')
        {
            Advance(_position + 1);
        }
    }

    private JinjaToken ReadToken()
    {
        var (start, first) = (_position, _source[_position]);
        if (first is '\'' or '"') return ReadString(first);
        if (char.IsAsciiLetter(first) || first == '_') return Take(JinjaTokenKind.Name, While(start, c => char.IsAsciiLetterOrDigit(c) || c == '_'));
        if (char.IsAsciiDigit(first)) return ReadNumber();
        var longer = LongOperators.FirstOrDefault(text => string.CompareOrdinal(_source, start, text, 0, 2) == 0);
        if (longer is not null) return Take(JinjaTokenKind.Operator, start + 2);
        return ShortOperators.Contains(first, StringComparison.Ordinal) ? Take(JinjaTokenKind.Operator, start + 1) : throw Error($"'{first}' means nothing here");
    }

    private JinjaToken ReadNumber()
    {
        var end = While(_position, c => char.IsAsciiDigit(c) || c == '_');
        var kind = JinjaTokenKind.Integer;
        if (end + 1 < _source.Length && _source[end] == '.' && char.IsAsciiDigit(_source[end + 1]))
        {
            kind = JinjaTokenKind.Float;
            end = While(end + 1, c => char.IsAsciiDigit(c) || c == '_');
        }

        if (end < _source.Length && _source[end] is 'e' or 'E')
        {
            var digits = end + 1 < _source.Length && _source[end + 1] is '+' or '-' ? end + 2 : end + 1;
            if (digits < _source.Length && char.IsAsciiDigit(_source[digits]))
            {
                kind = JinjaTokenKind.Float;
                end = While(digits, char.IsAsciiDigit);
            }
        }

        return Take(kind, end);
    }

    private JinjaToken ReadString(char quote)
    {
        var line = _line;
        var text = new StringBuilder();
        for (var i = _position + 1; i < _source.Length; i++)
        {
            var c = _source[i];
            if (c == quote)
            {
                Advance(i + 1);
                return new JinjaToken(JinjaTokenKind.String, text.ToString(), line);
            }

            if (c != '\\' || i + 1 == _source.Length) text.Append(c);
            else i = ReadEscape(i + 1, text);
        }

        throw Error("a string is not closed");
    }

    /// <summary>One escape, as in a Python string.</summary>
    /// <returns>The place of its last character.</returns>
    private int ReadEscape(int at, StringBuilder text)
    {
        var c = _source[at];
        var digits = c switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            if (at + digits < _source.Length && uint.TryParse(_source.AsSpan(at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
                && (Rune.IsValid(code) || code is >= 0xD800 and <= 0xDFFF))
            {
                if (Rune.IsValid(code)) text.Append(new Rune(code).ToString());
                else text.Append((char)code);
                return at + digits;
            }

            throw Error($"\\{c} needs {digits} hexadecimal digits of a character");
        }

        switch (c)
        {
            case 'n': text.Append('\n'); break;
            case 't': text.Append('\t'); break;
            case 'r': text.Append('\r'); break;
            case 'b': text.Append('\b'); break;
            case 'f': text.Append('\f'); break;
            case 'v': text.Append('\v'); break;
            case 'a': text.Append('\a'); break;
            case '0': text.Append('\0'); break;
            case '\n': break;
            case '\\' or '\'' or '"': text.Append(c); break;
            default: text.Append('\\').Append(c); break;
        }

        return at;
    }

    private JinjaToken Take(JinjaTokenKind kind, int end)
    {
        var token = new JinjaToken(kind, _source[_position..end], _line);
        Advance(end);
        return token;
    }

    private int While(int from, Func<char, bool> belongs)
    {
        while (from < _source.Length && belongs(_source[from])) from++;
        return from;
    }

    private int SkipSpaces(int from) => While(from, PythonText.IsWhiteSpace);

    private bool IsWord(int at, string word) =>
        string.CompareOrdinal(_source, at, word, 0, word.Length) == 0 && (at + word.Length == _source.Length || !(char.IsAsciiLetterOrDigit(_source[at + word.Length]) || _source[at + word.Length] == '_'));

    private void Advance(int to)
    {
        for (var i = _position; i < to; i++)
        {
            if (_source[i] == '\n') _line++;
        }

        if (to > _position) _startsLine = _source[to - 1] == '\n';
        _position = to;
    }

    private CoppiceException Error(string what) => JinjaRuntime.Error(_name, _line, what);
}
