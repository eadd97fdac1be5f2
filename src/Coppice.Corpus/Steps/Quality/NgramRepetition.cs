namespace Coppice.Corpus.Quality;

/// <summary>
/// Measures how much of a text is word n-grams that it has already. Asked for growing n: the hash of each n-gram follows from that of the (n-1)-gram before it.
/// </summary>
/// <param name="variant">Whose reading: see <see cref="GopherRepetition"/>.</param>
internal sealed class NgramRepetition(RuleVariant variant)
{
    private const int KeptWords = 1 << 18;
    private readonly HashCounter _counter = new();
    private ulong[] _words = [];
    private int[] _units = [];
    private ulong[] _ngrams = [];
    private int[] _charactersBefore = new int[1];
    private bool[] _isRepeated = [];
    private int _count;
    private int _n;
    private bool _isSpaced;
    private int _textCharacters;

    /// <summary>Starts with a text.</summary>
    public void Begin(TextStructure text)
    {
        var tokens = text.Tokens;
        if (_words.Length < tokens.Length || (_words.Length > KeptWords && tokens.Length < KeptWords / 4)) Allocate(tokens.Length);
        _count = 0;
        var characters = 0;
        foreach (ref readonly var token in tokens)
        {
            if (variant == RuleVariant.Dclm && !token.IsWord) continue;
            _words[_count] = token.Hash;
            _units[_count] = token.Length;
            _charactersBefore[_count] = characters;
            characters += token.CodePoints;
            _count++;
        }

        _charactersBefore[_count] = characters;
        _textCharacters = variant == RuleVariant.Datatrove ? text.CodePoints : characters;
        Restart(isSpaced: true);
    }

    /// <summary>The share of characters that the commonest n-gram has.</summary>
    public double TopNgram(int n)
    {
        if (!Hash(n, isSpaced: true)) return 0;
        _counter.Clear(_count);
        var dclm = variant == RuleVariant.Dclm;
        var top = 0;
        var topAt = 0;
        for (var i = 0; i + n <= _count; i++)
        {
            var copies = _counter.Add(_ngrams[i], i, out var first);
            if (copies > top || (copies == top && (dclm ? Characters(first, n) > Characters(topAt, n) : first < topAt)))
            {
                top = copies;
                topAt = first;
            }
        }

        if (dclm && top == 1) return 0;
        var spaces = dclm ? 0 : n - 1;
        return Share((Characters(topAt, n) + spaces) * (long)top);
    }

    /// <summary>The share of characters in n-grams that occur before.</summary>
    public double DuplicateNgrams(int n)
    {
        if (!Hash(n, isSpaced: variant == RuleVariant.Dclm)) return 0;
        _counter.Clear(_count);
        return Share(variant == RuleVariant.Dclm ? CoveredCharacters(n) : JumpedCharacters(n));
    }

    private long JumpedCharacters(int n)
    {
        long characters = 0;
        for (var i = 0; i + n <= _count;)
        {
            if (_counter.AddNew(_ngrams[i])) i++;
            else
            {
                characters += Characters(i, n);
                i += n;
            }
        }

        return characters;
    }

    private long CoveredCharacters(int n)
    {
        _isRepeated.AsSpan(0, _count).Clear();
        for (var i = 0; i + n <= _count; i++)
        {
            if (_counter.Add(_ngrams[i], i, out var first) == 1) continue;
            _isRepeated[first] = true;
            _isRepeated[i] = true;
        }

        long characters = 0;
        var coveredTo = 0;
        for (var i = 0; i + n <= _count; i++)
        {
            if (!_isRepeated[i]) continue;
            var from = Math.Max(i, coveredTo);
            characters += Characters(from, i + n - from);
            coveredTo = i + n;
        }

        return characters;
    }

    private bool Hash(int n, bool isSpaced)
    {
        if (n > _count) return false;
        if (n < _n || isSpaced != _isSpaced) Restart(isSpaced);
        for (; _n < n; _n++)
        {
            for (var i = 0; i + _n < _count; i++)
            {
                var ngram = isSpaced ? PolynomialHash.Append(_ngrams[i], ' ') : _ngrams[i];
                _ngrams[i] = PolynomialHash.Join(ngram, _words[i + _n], _units[i + _n]);
            }
        }

        return true;
    }

    private void Restart(bool isSpaced)
    {
        _words.AsSpan(0, _count).CopyTo(_ngrams);
        _n = 1;
        _isSpaced = isSpaced;
    }

    private int Characters(int word, int words) => _charactersBefore[word + words] - _charactersBefore[word];

    private double Share(long characters) => _textCharacters == 0 ? 0 : (double)characters / _textCharacters;

    private void Allocate(int words)
    {
        _words = new ulong[words];
        _units = new int[words];
        _ngrams = new ulong[words];
        _charactersBefore = new int[words + 1];
        _isRepeated = new bool[words];
    }
}
