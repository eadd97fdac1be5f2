namespace Coppice.Corpus.Quality;

/// <summary>Counts a few given words in a text.</summary>
internal sealed class StopWords
{
    private readonly Dictionary<ulong, int> _indexOf = [];
    private readonly bool[] _seen;
    private readonly int _shortest;
    private readonly int _longest;
    private readonly bool _anyCase;

    /// <summary>Prepares to count.</summary>
    /// <param name="words">The words.</param>
    /// <param name="anyCase">Whether every occurrence counts, in any case; else each word counts once, as it is written.</param>
    public StopWords(IReadOnlyList<string> words, bool anyCase)
    {
        foreach (var word in words) _indexOf.TryAdd(PolynomialHash.Of(anyCase ? word.ToLowerInvariant() : word), _indexOf.Count);
        _seen = new bool[_indexOf.Count];
        _shortest = words.Select(word => word.Length).DefaultIfEmpty(1).Min();
        _longest = words.Select(word => word.Length).DefaultIfEmpty(0).Max();
        _anyCase = anyCase;
    }

    /// <summary>How many there are; counting stops where there are enough.</summary>
    /// <param name="text">The text.</param>
    /// <param name="enough">How many are enough.</param>
    public int Count(TextStructure text, int enough)
    {
        _seen.AsSpan().Clear();
        var count = 0;
        foreach (ref readonly var token in text.Tokens)
        {
            if (count >= enough) break;
            if (token.Length < _shortest || token.Length > _longest) continue;
            var hash = _anyCase ? HashInLowerCase(text.Text.AsSpan(token.Start, token.Length)) : token.Hash;
            if (!_indexOf.TryGetValue(hash, out var index) || (!_anyCase && _seen[index])) continue;
            _seen[index] = true;
            count++;
        }

        return count;
    }

    private static ulong HashInLowerCase(ReadOnlySpan<char> word)
    {
        ulong hash = 0;
        foreach (var unit in word) hash = PolynomialHash.Append(hash, char.ToLowerInvariant(unit));
        return hash;
    }
}
