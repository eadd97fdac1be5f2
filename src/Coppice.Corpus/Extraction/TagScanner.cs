using System.Buffers;

namespace Coppice.Corpus.Extraction;

/// <summary>Goes over the tags of a page without parsing it: enough to say how deep it nests.</summary>
internal ref struct TagScanner(ReadOnlySpan<char> html)
{
    private static readonly SearchValues<char> NameEnds = SearchValues.Create(" \t\r\n\f/>");
    private static readonly SearchValues<char> WhiteSpace = SearchValues.Create(" \t\r\n\f");
    private static readonly SearchValues<char> BetweenAttributes = SearchValues.Create(" \t\r\n\f/");
    private static readonly SearchValues<char> AttributeNameEnds = SearchValues.Create(" \t\r\n\f/>=");
    private static readonly SearchValues<char> ValueEnds = SearchValues.Create(" \t\r\n\f>");
    private readonly ReadOnlySpan<char> _html = html;
    private int _position;

    /// <summary>Whether the tag ends an element.</summary>
    public bool IsEnd { get; private set; }

    /// <summary>Whether the element is one of formatting, such as <c>b</c>, which stays open over the ends of paragraphs.</summary>
    public bool IsFormatting { get; private set; }

    /// <summary>Whether an element of this name nests in another of its kind: neither void (<c>br</c>) nor ended by the next of its kind (<c>li</c>).</summary>
    public bool Nests { get; private set; }

    /// <summary>How many attributes the tag has.</summary>
    public int Attributes { get; private set; }

    /// <summary>Goes to the next tag; false at the end.</summary>
    public bool Next()
    {
        while (_position < _html.Length)
        {
            var open = _html[_position..].IndexOf('<');
            if (open < 0) break;
            var start = _position + open + 1;
            if (Starts(start, "!--"))
            {
                SkipPast(start, "-->");
                continue;
            }

            IsEnd = start < _html.Length && _html[start] == '/';
            if (IsEnd) start++;
            if (start >= _html.Length || !char.IsAsciiLetter(_html[start]))
            {
                _position = start;
                continue;
            }

            var rest = _html[start..];
            var length = rest.IndexOfAny(NameEnds);
            var name = length < 0 ? rest : rest[..length];
            _position = start + name.Length;
            SkipAttributes();
            Describe(name);
            return true;
        }

        _position = _html.Length;
        return false;
    }

    // As HTML's tokenizer reads them: a quotation mark means something behind an equals sign only, and what it encloses may hold anything.
    private void SkipAttributes()
    {
        Attributes = 0;
        while (true)
        {
            SkipAll(BetweenAttributes);
            if (_position == _html.Length) return;
            if (_html[_position] == '>')
            {
                _position++;
                return;
            }

            Attributes++;
            _position++;
            SkipTo(AttributeNameEnds);
            SkipAll(WhiteSpace);
            if (_position == _html.Length || _html[_position] != '=') continue;
            _position++;
            SkipAll(WhiteSpace);
            if (_position == _html.Length) return;
            if (_html[_position] is '"' or '\'')
            {
                var length = _html[(_position + 1)..].IndexOf(_html[_position]);
                _position = length < 0 ? _html.Length : _position + length + 2;
            }
            else
            {
                SkipTo(ValueEnds);
            }
        }
    }

    private void SkipAll(SearchValues<char> characters)
    {
        var length = _html[_position..].IndexOfAnyExcept(characters);
        _position = length < 0 ? _html.Length : _position + length;
    }

    private void SkipTo(SearchValues<char> characters)
    {
        var length = _html[_position..].IndexOfAny(characters);
        _position = length < 0 ? _html.Length : _position + length;
    }

    private void Describe(ReadOnlySpan<char> name)
    {
        Span<char> lower = stackalloc char[12];
        IsFormatting = false;
        Nests = true;
        if (name.Length > lower.Length) return;
        var tag = lower[..name.ToLowerInvariant(lower)];
        IsFormatting = tag is "a" or "b" or "big" or "code" or "em" or "font" or "i" or "nobr" or "s" or "small" or "strike" or "strong" or "tt" or "u";
        Nests = !IsFormatting && tag is not ("area" or "base" or "basefont" or "bgsound" or "br" or "col" or "embed" or "frame" or "hr" or "img" or "input" or "keygen"
            or "link" or "meta" or "param" or "source" or "track" or "wbr" or "image"
            or "html" or "head" or "body" or "p" or "li" or "dt" or "dd" or "tr" or "td" or "th" or "tbody" or "thead" or "tfoot" or "caption" or "colgroup"
            or "option" or "optgroup" or "rb" or "rp" or "rt" or "rtc");
        if (!IsEnd && tag is "script" or "style" or "textarea" or "title" or "xmp" or "iframe" or "noframes" or "noembed")
        {
            // What these hold is text, whatever it looks like.
            Nests = false;
            Span<char> ending = stackalloc char[2 + tag.Length];
            "</".CopyTo(ending);
            tag.CopyTo(ending[2..]);
            var found = _html[_position..].IndexOf(ending, StringComparison.OrdinalIgnoreCase);
            _position = found < 0 ? _html.Length : _position + found + ending.Length;
        }
    }

    private readonly bool Starts(int at, string what) => at <= _html.Length && _html[at..].StartsWith(what, StringComparison.Ordinal);

    private void SkipPast(int from, string what)
    {
        var found = _html[from..].IndexOf(what, StringComparison.Ordinal);
        _position = found < 0 ? _html.Length : from + found + what.Length;
    }
}
