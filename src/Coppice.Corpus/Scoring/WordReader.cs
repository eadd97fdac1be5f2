using Coppice.Corpus.Quality;

namespace Coppice.Corpus.Scoring;

/// <summary>What a piece of text is that <see cref="WordReader"/> finds.</summary>
internal enum WordKind : byte
{
    /// <summary>Between pieces; never found.</summary>
    Space,

    /// <summary>One line break or several in a row.</summary>
    LineBreak,

    /// <summary>Letters, digits and what belongs to them.</summary>
    Word,

    /// <summary>A punctuation mark or sign, or a letter of a script that is written without spaces.</summary>
    Single,
}

/// <summary>Divides text into words, single signs and line breaks, and hashes them as they are after folding: lower case, every digit 0. Words are not copied.</summary>
internal ref struct WordReader
{
    /// <summary>What line breaks are hashed as.</summary>
    public const ulong LineBreakHash = 1;

    private const ulong Spread = 0x9E3779B97F4A7C15;
    private static readonly WordKind[] s_kinds = [.. Enumerable.Range(0, char.MaxValue + 1).Select(unit => KindOf((char)unit))];
    private static readonly char[] s_folded = [.. Enumerable.Range(0, char.MaxValue + 1).Select(unit => Fold((char)unit))];

    private readonly ReadOnlySpan<char> _text;
    private int _start;
    private int _end;

    /// <summary>Starts.</summary>
    /// <param name="text">The text.</param>
    public WordReader(ReadOnlySpan<char> text) => _text = text;

    /// <summary>What was found.</summary>
    public WordKind Kind { get; private set; }

    /// <summary>A 64-bit hash of it, equal for all that is equal after folding.</summary>
    public ulong Hash { get; private set; }

    /// <summary>Where it stands in the text; of line breaks the first.</summary>
    public readonly Range Place => _start..(Kind == WordKind.LineBreak ? _start + 1 : _end);

    /// <summary>Finds the next piece; false at the end of the text.</summary>
    public bool Next()
    {
        var at = _end;
        while (at < _text.Length && s_kinds[_text[at]] == WordKind.Space) at++;
        if (at == _text.Length) return false;
        (_start, Kind) = (at, s_kinds[_text[at]]);
        if (Kind == WordKind.LineBreak)
        {
            while (at < _text.Length && s_kinds[_text[at]] is WordKind.LineBreak or WordKind.Space) at++;
            (_end, Hash) = (at, LineBreakHash);
            return true;
        }

        var hash = (ulong)s_folded[_text[at++]] * Spread;
        if (Kind == WordKind.Word)
        {
            while (at < _text.Length && s_kinds[_text[at]] == WordKind.Word) hash = (hash ^ hash >> 32 ^ s_folded[_text[at++]]) * Spread;
        }

        (_end, Hash) = (at, CounterRandom.Mix(hash));
        return true;
    }

    /// <summary>A character as it is hashed.</summary>
    /// <param name="unit">The UTF-16 unit.</param>
    public static char Folded(char unit) => s_folded[unit];

    private static WordKind KindOf(char unit)
    {
        if (unit is '\n' or '\r' or '\u0085' or '\u2028' or '\u2029') return WordKind.LineBreak;
        var characters = CharacterClasses.Of(unit);
        if ((characters & CharacterClass.Space) != 0) return WordKind.Space;
        if ((characters & CharacterClass.Alone) != 0) return WordKind.Single;
        return (characters & (CharacterClass.Letter | CharacterClass.Number | CharacterClass.Extend)) != 0 ? WordKind.Word : WordKind.Single;
    }

    private static char Fold(char unit) => char.IsDigit(unit) ? '0' : char.ToLowerInvariant(unit);
}
