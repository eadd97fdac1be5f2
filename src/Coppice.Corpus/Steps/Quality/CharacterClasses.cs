using System.Globalization;

namespace Coppice.Corpus.Quality;

/// <summary>What a character is to the division into words.</summary>
[Flags]
internal enum CharacterClass : byte
{
    /// <summary>Punctuation and controls.</summary>
    Punctuation = 0,

    /// <summary>A letter: makes a word alphabetic.</summary>
    Letter = 1,

    /// <summary>A decimal digit or another number.</summary>
    Number = 2,

    /// <summary>Belongs to the word it touches: combining marks, format characters, the underscore.</summary>
    Extend = 4,

    /// <summary>A sign such as © or an emoji: neither a word's part nor punctuation.</summary>
    Sign = 8,

    /// <summary>A letter of a script that is written without spaces: a token of its own.</summary>
    Alone = 16,

    /// <summary>White space.</summary>
    Space = 32,

    /// <summary>Stays inside a word between two letters: the apostrophe, the full stop of <c>e.g</c>, the middle dot, the colon of Swedish.</summary>
    BetweenLetters = 64,

    /// <summary>Stays inside a word between two digits: the decimal separators.</summary>
    BetweenNumbers = 128,
}

/// <summary>The class of each character, as a table.</summary>
internal static class CharacterClasses
{
    private static readonly CharacterClass[] Table = Build();

    /// <summary>The class of a UTF-16 unit; a surrogate's is not in the table and counts as punctuation.</summary>
    public static CharacterClass Of(char unit) => Table[unit];

    /// <summary>The class of the character at a place, where a pair of surrogates is one.</summary>
    /// <param name="text">The text.</param>
    /// <param name="index">The place of its first unit.</param>
    /// <param name="units">1 or 2.</param>
    public static CharacterClass At(ReadOnlySpan<char> text, int index, out int units)
    {
        units = 1;
        var unit = text[index];
        if (!char.IsHighSurrogate(unit) || index + 1 == text.Length || !char.IsLowSurrogate(text[index + 1])) return Table[unit];
        units = 2;
        var codePoint = char.ConvertToUtf32(unit, text[index + 1]);
        return codePoint is >= 0x20000 and <= 0x3FFFF ? CharacterClass.Letter | CharacterClass.Alone : Of(CharUnicodeInfo.GetUnicodeCategory(codePoint));
    }

    private static CharacterClass[] Build()
    {
        var table = new CharacterClass[char.MaxValue + 1];
        for (var i = 0; i < table.Length; i++)
        {
            var unit = (char)i;
            if (char.IsWhiteSpace(unit)) table[i] = CharacterClass.Space;
            else if (IsWrittenWithoutSpaces(unit)) table[i] = CharacterClass.Letter | CharacterClass.Alone;
            else table[i] = Of(char.GetUnicodeCategory(unit));
        }

        // Word boundaries as in Unicode Standard Annex 29, rules WB6, WB7, WB11 and WB12.
        foreach (var unit in "':·.’") table[unit] |= CharacterClass.BetweenLetters;
        foreach (var unit in ",;.'’") table[unit] |= CharacterClass.BetweenNumbers;
        // Datatrove counts these signs of ASCII as punctuation.
        foreach (var unit in "$+<=>^`|~") table[unit] = CharacterClass.Punctuation;
        return table;
    }

    private static CharacterClass Of(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter
            or UnicodeCategory.OtherLetter => CharacterClass.Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => CharacterClass.Number,
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format
            or UnicodeCategory.ConnectorPunctuation => CharacterClass.Extend,
        UnicodeCategory.MathSymbol or UnicodeCategory.CurrencySymbol or UnicodeCategory.ModifierSymbol or UnicodeCategory.OtherSymbol => CharacterClass.Sign,
        _ => CharacterClass.Punctuation,
    };

    private static bool IsWrittenWithoutSpaces(char unit) =>
        unit is (>= '\u3041' and <= '\u3096') or (>= '\u30A1' and <= '\u30FA') or (>= '\u31F0' and <= '\u31FF') // kana
            or (>= '\u3400' and <= '\u4DBF') or (>= '\u4E00' and <= '\u9FFF') or (>= '\uF900' and <= '\uFAFF') or '\u3005' or '\u3007' // Han
            or (>= '\u0E01' and <= '\u0E30') or (>= '\u0E40' and <= '\u0E46') // Thai
            or (>= '\u0E81' and <= '\u0EB0') or (>= '\u0EC0' and <= '\u0EC6') // Lao
            or (>= '\u1000' and <= '\u102A') or (>= '\u1780' and <= '\u17B3'); // Burmese, Khmer
}
