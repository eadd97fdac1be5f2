using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Coppice.Corpus.Language;

/// <summary>
/// What language identification sees of a text: folded letters and single spaces. Case, digits, punctuation and line breaks make no difference, nor does it whether
/// accents are written as marks of their own. UTF-16 units outside the basic plane (emoji, rare ideographs) count as spaces.
/// </summary>
internal static class Letters
{
    /// <summary>Between words, at the beginning and at the end.</summary>
    public const char Space = ' ';

    // Codes of the table that are no symbols; all lie below the least symbol, the apostrophe.
    private const char Dropped = '\u0001';
    private const char Accent = '\u0002';
    private const char Apostrophe = '\'';

    private static readonly char[] s_folded = [.. Enumerable.Range(0, char.MaxValue + 1).Select(c => Fold((char)c))];
    private static readonly byte[] s_scripts = Scripts.Table();
    private static readonly FrozenDictionary<(char Letter, char Accent), char> s_composed = Compositions();

    /// <summary>The script of a folded letter.</summary>
    /// <param name="symbol">The letter.</param>
    public static int ScriptOf(char symbol) => s_scripts[symbol];

    /// <summary>Folds a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="symbols">Takes the symbols: as long as the text and two more.</param>
    /// <param name="letters">[scripts]: counts the letters of each.</param>
    /// <returns>How many symbols there are: at least 1, the space at the beginning.</returns>
    public static int Fold(ReadOnlySpan<char> text, Span<char> symbols, Span<int> letters)
    {
        symbols[0] = Space;
        var length = 1;
        foreach (var character in text)
        {
            var folded = s_folded[character];
            if (folded > Apostrophe)
            {
                symbols[length++] = folded;
                letters[s_scripts[folded]]++;
                continue;
            }

            var previous = symbols[length - 1];
            switch (folded)
            {
                case Dropped:
                    break;
                case Accent when previous == Space:
                    break;
                case Accent:
                    if (s_composed.TryGetValue((previous, character), out var composed)) symbols[length - 1] = composed;
                    else symbols[length++] = character;
                    break;
                case Apostrophe when previous != Space:
                    symbols[length++] = Apostrophe;
                    break;
                default:
                    if (previous != Space) symbols[length++] = Space;
                    break;
            }
        }

        if (symbols[length - 1] != Space) symbols[length++] = Space;
        return length;
    }

    /// <summary>Makes spaces of the letters of all scripts but one.</summary>
    /// <param name="symbols">Folded text; overwritten.</param>
    /// <param name="script">The script to keep.</param>
    /// <returns>How many symbols are left.</returns>
    public static int KeepScript(Span<char> symbols, int script)
    {
        var length = 1;
        foreach (var symbol in symbols[1..])
        {
            var kept = symbol == Apostrophe || s_folded[symbol] == Accent || s_scripts[symbol] == script ? symbol : Space;
            if (kept != Space || symbols[length - 1] != Space) symbols[length++] = kept;
        }

        return length;
    }

    private static char Fold(char character)
    {
        if (character is '\'' or '’' or 'ʼ' or '`' or '´') return Apostrophe;
        if (character is >= '\u0300' and <= '\u036F') return Accent;
        if (character == 'İ') return 'i';
        // Full-width Latin letters are the ASCII ones.
        if (character is >= 'Ａ' and <= 'Ｚ' or >= 'ａ' and <= 'ｚ') character = (char)(character - 'Ａ' + 'A');
        return char.GetUnicodeCategory(character) switch
        {
            UnicodeCategory.Format => Dropped,
            // Points of Hebrew and Arabic, which most texts leave out.
            UnicodeCategory.NonSpacingMark when character is >= '\u0591' and <= '\u0670' => Dropped,
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark => character,
            // By way of the upper case the final sigma becomes the usual one.
            _ when char.IsLetter(character) => char.ToLowerInvariant(char.ToUpperInvariant(character)),
            _ => Space,
        };
    }

    private static FrozenDictionary<(char, char), char> Compositions()
    {
        var compositions = new Dictionary<(char, char), char>();
        foreach (var letter in s_folded.Where(symbol => symbol > Apostrophe).Distinct())
        {
            var parts = letter.ToString().Normalize(NormalizationForm.FormD);
            if (parts.Length < 2 || Fold(parts[^1]) != Accent) continue;
            var rest = parts[..^1].Normalize(NormalizationForm.FormC);
            if (rest.Length == 1) compositions.TryAdd((rest[0], parts[^1]), letter);
        }

        return compositions.ToFrozenDictionary();
    }
}
