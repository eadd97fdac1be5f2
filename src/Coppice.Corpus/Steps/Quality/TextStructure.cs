namespace Coppice.Corpus.Quality;

/// <summary>A line without its end (LF or CR LF).</summary>
/// <param name="Start">Its first UTF-16 unit.</param>
/// <param name="End">The unit after its last.</param>
/// <param name="TrimmedStart">As <paramref name="Start"/>, without white space.</param>
/// <param name="TrimmedEnd">As <paramref name="End"/>, without white space.</param>
internal readonly record struct TextLine(int Start, int End, int TrimmedStart, int TrimmedEnd)
{
    public bool IsBlank => TrimmedStart == TrimmedEnd;

    public bool IsEmpty => Start == End;
}

/// <summary>A token: a word, or a run of one sign or punctuation mark.</summary>
/// <param name="Start">Its first UTF-16 unit.</param>
/// <param name="Length">Its length in UTF-16 units.</param>
/// <param name="CodePoints">Its length in code points.</param>
/// <param name="IsWord">Whether it has a character that is not punctuation.</param>
/// <param name="HasLetter">Whether it has a letter.</param>
/// <param name="Hash">The polynomial hash of its text.</param>
internal readonly record struct TextToken(int Start, int Length, int CodePoints, bool IsWord, bool HasLetter, ulong Hash);

/// <summary>
/// Lines and tokens of a text, found once and shared by the steps that look at the same text one after another: <see cref="Of"/> remembers the last text of each thread.
/// </summary>
/// <remarks>
/// Tokens are those of Unicode Standard Annex 29 by a short reading of it: letters, digits and marks in a row are a word, also across an apostrophe or full stop between
/// letters and a decimal separator between digits; in scripts without spaces (Han, kana, Thai, Lao, Burmese, Khmer) each letter is a word with its marks; a run of
/// one punctuation mark is one token. It stands in for the tokenizers that other tools have for each language, at a hundred times their speed.
/// </remarks>
internal sealed class TextStructure
{
    private const int KeptItems = 1 << 18;

    [ThreadStatic]
    private static TextStructure? _last;

    private string _text = "";
    private TextLine[] _lines = [];
    private int _lineCount = -1;
    private TextToken[] _tokens = [];
    private int _tokenCount = -1;
    private int _wordCount;
    private int _chunkCount;
    private bool _hasSurrogates;
    private int _codePoints;

    private TextStructure()
    {
    }

    /// <summary>The structure of a text. Valid until this thread asks for that of another text.</summary>
    public static TextStructure Of(string text)
    {
        var structure = _last ??= new TextStructure();
        if (!ReferenceEquals(structure._text, text)) structure.Begin(text);
        return structure;
    }

    /// <summary>The text.</summary>
    public string Text => _text;

    /// <summary>The text's length in code points; a surrogate without its partner counts as one.</summary>
    public int CodePoints => _codePoints;

    /// <summary>All lines, blank ones too. After a final line end there is no further line.</summary>
    public ReadOnlySpan<TextLine> Lines
    {
        get
        {
            if (_lineCount < 0) FindLines();
            return _lines.AsSpan(0, _lineCount);
        }
    }

    /// <summary>All tokens.</summary>
    public ReadOnlySpan<TextToken> Tokens
    {
        get
        {
            if (_tokenCount < 0) FindTokens();
            return _tokens.AsSpan(0, _tokenCount);
        }
    }

    /// <summary>How many tokens are words: have a character that is not punctuation.</summary>
    public int WordCount => _tokenCount < 0 && Tokens.Length == 0 ? 0 : _wordCount;

    /// <summary>How many stretches without white space there are.</summary>
    public int ChunkCount => _tokenCount < 0 && Tokens.Length == 0 ? 0 : _chunkCount;

    /// <summary>The length of a stretch of the text in code points.</summary>
    public int CodePointsIn(int start, int end) => _hasSurrogates ? CountCodePoints(_text.AsSpan(start, end - start)) : end - start;

    private static int CountCodePoints(ReadOnlySpan<char> text)
    {
        var pairs = 0;
        for (var rest = text; rest.IndexOfAnyInRange('\uD800', '\uDBFF') is var high and >= 0 && high + 1 < rest.Length; rest = rest[(high + 1)..])
        {
            if (char.IsLowSurrogate(rest[high + 1])) pairs++;
        }

        return text.Length - pairs;
    }

    private void Begin(string text)
    {
        _text = text;
        _lineCount = -1;
        _tokenCount = -1;
        // The arrays of one giant document are not kept for all the small ones after it.
        if (_lines.Length > KeptItems && text.Length < KeptItems) _lines = [];
        if (_tokens.Length > KeptItems && text.Length < KeptItems) _tokens = [];
        _hasSurrogates = text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF');
        _codePoints = _hasSurrogates ? CountCodePoints(text) : text.Length;
    }

    private void FindLines()
    {
        var count = 0;
        for (var start = 0; start < _text.Length;)
        {
            var length = _text.AsSpan(start).IndexOf('\n');
            var next = length < 0 ? _text.Length : start + length + 1;
            var end = length < 0 ? _text.Length : start + length;
            if (length > 0 && _text[end - 1] == '\r') end--;
            var trimmedStart = start;
            while (trimmedStart < end && char.IsWhiteSpace(_text[trimmedStart])) trimmedStart++;
            var trimmedEnd = end;
            while (trimmedEnd > trimmedStart && char.IsWhiteSpace(_text[trimmedEnd - 1])) trimmedEnd--;
            if (count == _lines.Length) Array.Resize(ref _lines, Math.Max(256, count * 2));
            _lines[count++] = new TextLine(start, end, trimmedStart, trimmedEnd);
            start = next;
        }

        _lineCount = count;
    }

    private void FindTokens()
    {
        var text = _text.AsSpan();
        var count = 0;
        _wordCount = 0;
        _chunkCount = 0;
        var afterSpace = true;
        for (var i = 0; i < text.Length;)
        {
            var first = CharacterClasses.At(text, i, out var units);
            if (first == CharacterClass.Space)
            {
                afterSpace = true;
                i++;
                continue;
            }

            if (afterSpace) _chunkCount++;
            afterSpace = false;
            if (count == _tokens.Length) Array.Resize(ref _tokens, Math.Max(1024, count * 2));
            const CharacterClass Word = CharacterClass.Letter | CharacterClass.Number | CharacterClass.Extend;
            var token = (first & Word) != 0 ? ReadWord(text, i, first, units) : ReadRun(text, i, first, units);
            if (token.IsWord) _wordCount++;
            _tokens[count++] = token;
            i += token.Length;
        }

        _tokenCount = count;
    }

    private static TextToken ReadWord(ReadOnlySpan<char> text, int start, CharacterClass first, int units)
    {
        var seen = first;
        var before = first;
        var hash = PolynomialHash.Append(0, text[start]);
        if (units == 2) hash = PolynomialHash.Append(hash, text[start + 1]);
        var end = start + units;
        var codePoints = 1;
        while (end < text.Length)
        {
            var here = CharacterClasses.At(text, end, out units);
            if (here == CharacterClass.Extend)
            {
                // Marks stay with what they follow, also where that is a token of its own.
            }
            else if ((seen & CharacterClass.Alone) != 0 || (here & CharacterClass.Alone) != 0) break;
            else if ((here & (CharacterClass.Letter | CharacterClass.Number)) != 0) before = here;
            else if (!Joins(text, end, before, here)) break;
            seen |= here & (CharacterClass.Letter | CharacterClass.Number | CharacterClass.Extend);
            hash = PolynomialHash.Append(hash, text[end]);
            if (units == 2) hash = PolynomialHash.Append(hash, text[end + 1]);
            end += units;
            codePoints++;
        }

        // An underscore alone is punctuation; marks alone are not worth a word either.
        var isWord = (seen & (CharacterClass.Letter | CharacterClass.Number)) != 0;
        return new TextToken(start, end - start, codePoints, isWord, (seen & CharacterClass.Letter) != 0, hash);
    }

    private static bool Joins(ReadOnlySpan<char> text, int index, CharacterClass before, CharacterClass here)
    {
        const CharacterClass Joining = CharacterClass.BetweenLetters | CharacterClass.BetweenNumbers;
        if ((here & Joining) == 0 || index + 1 == text.Length) return false;
        var after = CharacterClasses.Of(text[index + 1]);
        if ((after & CharacterClass.Alone) != 0) return false;
        return ((here & CharacterClass.BetweenLetters) != 0 && (before & after & CharacterClass.Letter) != 0)
            || ((here & CharacterClass.BetweenNumbers) != 0 && (before & after & CharacterClass.Number) != 0);
    }

    private static TextToken ReadRun(ReadOnlySpan<char> text, int start, CharacterClass first, int units)
    {
        var hash = PolynomialHash.Append(0, text[start]);
        if (units == 2)
        {
            return new TextToken(start, 2, 1, first == CharacterClass.Sign, false, PolynomialHash.Append(hash, text[start + 1]));
        }

        var end = start + 1;
        while (end < text.Length && text[end] == text[start]) hash = PolynomialHash.Append(hash, text[end++]);
        return new TextToken(start, end - start, end - start, first == CharacterClass.Sign, false, hash);
    }
}
