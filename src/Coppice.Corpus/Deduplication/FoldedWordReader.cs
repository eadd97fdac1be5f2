using System.Globalization;
using System.Text;

namespace Coppice.Corpus.Deduplication;

/// <summary>
/// Reads the words of a text as 64-bit hashes, normalised as datatrove does before MinHash: lower case, numbers (with a decimal part) to 0, punctuation to space, accents
/// off. Symbols count as punctuation. In scripts that don't put spaces between words (Chinese, Japanese, Thai, Lao, Burmese, Khmer) each character is a word.
/// Takes constant memory.
/// </summary>
/// <param name="text">The text.</param>
/// <param name="characters">Whether to read characters instead of words: each UTF-16 unit after normalisation, and one space between words.</param>
internal ref struct FoldedWordReader(ReadOnlySpan<char> text, bool characters = false)
{
    private const ulong Factor = 0x9E3779B97F4A7C15;

    private readonly ReadOnlySpan<char> _text = text;
    private int _position;
    private bool _betweenWords;

    /// <summary>Reads the next word.</summary>
    /// <param name="hash">The hash of its normalised characters.</param>
    /// <returns>False at the end.</returns>
    public bool Next(out ulong hash)
    {
        if (characters) return NextCharacter(out hash);
        var text = _text;
        var position = _position;
        var word = 0UL;
        while (position < text.Length)
        {
            var unit = CharacterFolding.Of(text[position]);
            if (unit == CharacterFolding.Separator)
            {
                position++;
                if (word != 0) break;
            }
            else if (unit < CharacterFolding.FirstUnspaced)
            {
                position = unit == CharacterFolding.Digit ? SkipNumber(text, position) : position + 1;
                if (unit != CharacterFolding.Mark) word = (word + unit) * Factor;
            }
            else if (CharacterFolding.IsUnspaced(unit))
            {
                if (word != 0) break;
                word = (word + unit) * Factor;
                position++;
                if (char.IsHighSurrogate(unit) && position < text.Length && char.IsLowSurrogate(text[position])) word = (word + text[position++]) * Factor;
                break;
            }
            else
            {
                word = (word + unit) * Factor;
                position++;
            }
        }

        _position = position;
        hash = CounterRandom.Mix(word);
        return word != 0;
    }

    private bool NextCharacter(out ulong hash)
    {
        while (_position < _text.Length)
        {
            var unit = CharacterFolding.Of(_text[_position]);
            if (unit == CharacterFolding.Separator)
            {
                _position++;
                if (!_betweenWords)
                {
                    _betweenWords = true;
                    hash = CounterRandom.Mix(' ');
                    return true;
                }
            }
            else
            {
                _position = unit == CharacterFolding.Digit ? SkipNumber(_text, _position) : _position + 1;
                if (unit == CharacterFolding.Mark) continue;
                _betweenWords = false;
                hash = CounterRandom.Mix(unit);
                return true;
            }
        }

        hash = 0;
        return false;
    }

    private static int SkipNumber(ReadOnlySpan<char> text, int position)
    {
        position = SkipDigits(text, position);
        return position + 1 < text.Length && text[position] is '.' or ',' && CharacterFolding.Of(text[position + 1]) == CharacterFolding.Digit
            ? SkipDigits(text, position + 1)
            : position;
    }

    private static int SkipDigits(ReadOnlySpan<char> text, int position)
    {
        while (position < text.Length && CharacterFolding.Of(text[position]) == CharacterFolding.Digit) position++;
        return position;
    }
}

/// <summary>What each UTF-16 unit becomes when text is normalised for comparison, as a table.</summary>
internal static class CharacterFolding
{
    /// <summary>Separates words: white space, punctuation, symbols, control characters.</summary>
    public const char Separator = '\0';

    /// <summary>Belongs to the character before and is left out: a combining mark.</summary>
    public const char Mark = '\u0001';

    /// <summary>A digit of any script.</summary>
    public const char Digit = '0';

    /// <summary>The first unit that can belong to a script without spaces.</summary>
    public const char FirstUnspaced = '\u0E00';

    private static readonly char[] Table = Build();

    /// <summary>What a unit becomes.</summary>
    /// <param name="unit">The unit.</param>
    public static char Of(char unit) => Table[unit];

    /// <summary>Whether a normalised unit belongs to a script that puts no spaces between words.</summary>
    /// <param name="unit">The unit.</param>
    public static bool IsUnspaced(char unit) => unit switch
    {
        >= '\u0E00' and <= '\u0EFF' => true, // Thai, Lao
        >= '\u1000' and <= '\u109F' => true, // Burmese
        >= '\u1780' and <= '\u17FF' => true, // Khmer
        >= '\u3040' and <= '\u30FF' => true, // Hiragana, Katakana
        >= '\u31F0' and <= '\u31FF' => true, // Katakana extensions
        >= '\u3400' and <= '\u9FFF' => true, // Chinese characters
        >= '\uD840' and <= '\uD8BF' => true, // rare Chinese characters: surrogates of planes 2 and 3
        >= '\uF900' and <= '\uFAFF' => true, // Chinese characters, compatibility
        _ => false,
    };

    private static char[] Build()
    {
        var table = new char[char.MaxValue + 1];
        for (var code = 0; code < table.Length; code++) table[code] = Fold((char)code);
        return table;
    }

    private static char Fold(char unit)
    {
        switch (char.GetUnicodeCategory(unit))
        {
            case UnicodeCategory.NonSpacingMark:
                return Mark;
            case UnicodeCategory.DecimalDigitNumber:
                return Digit;
            case UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.OtherLetter:
                var lower = char.ToLowerInvariant(unit);
                var decomposed = lower.ToString().Normalize(NormalizationForm.FormD);
                var isAccented = decomposed.Skip(1).All(rest => char.GetUnicodeCategory(rest) == UnicodeCategory.NonSpacingMark);
                return isAccented ? decomposed[0] : lower;
            case UnicodeCategory.ModifierLetter or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber or UnicodeCategory.SpacingCombiningMark
                or UnicodeCategory.EnclosingMark or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse:
                return unit;
            default:
                return Separator;
        }
    }
}
