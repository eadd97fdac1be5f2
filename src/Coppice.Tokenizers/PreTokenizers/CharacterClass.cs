using System.Globalization;

namespace Coppice.Tokenizers.PreTokenizers;

/// <summary>The classes of characters that the GPT pre-tokenizers tell apart.</summary>
internal enum CharacterClass : byte
{
    /// <summary><c>[^\s\p{L}\p{N}]</c>.</summary>
    Other,

    /// <summary><c>\p{L}</c>.</summary>
    Letter,

    /// <summary><c>\p{N}</c>.</summary>
    Number,

    /// <summary><c>\s</c>: Unicode's White_Space.</summary>
    WhiteSpace,
}

/// <summary>Looks up the class of a character: a table for the basic plane, Unicode's data for the others.</summary>
internal static class CharacterClasses
{
    private static readonly CharacterClass[] BasicPlane = BuildBasicPlane();

    /// <summary>The class of the code point at a place, and how many UTF-16 units it takes. A lone surrogate is <see cref="CharacterClass.Other"/>, as U+FFFD is.</summary>
    public static CharacterClass At(ReadOnlySpan<char> text, int index, out int length)
    {
        var unit = text[index];
        length = 1;
        if (!char.IsSurrogate(unit)) return BasicPlane[unit];
        if (index + 1 >= text.Length || !char.IsSurrogatePair(unit, text[index + 1])) return CharacterClass.Other;
        length = 2;
        return Of(CharUnicodeInfo.GetUnicodeCategory(char.ConvertToUtf32(unit, text[index + 1])));
    }

    /// <summary>Where the run of one class that starts at a place ends.</summary>
    public static int EndOfRun(ReadOnlySpan<char> text, int index, CharacterClass of)
    {
        while (index < text.Length && At(text, index, out var length) == of) index += length;
        return index;
    }

    private static CharacterClass Of(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter or
            UnicodeCategory.OtherLetter => CharacterClass.Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => CharacterClass.Number,
        _ => CharacterClass.Other,
    };

    private static CharacterClass[] BuildBasicPlane()
    {
        var classes = new CharacterClass[0x10000];
        for (var unit = 0; unit < classes.Length; unit++)
        {
            classes[unit] = char.IsWhiteSpace((char)unit) ? CharacterClass.WhiteSpace : Of(CharUnicodeInfo.GetUnicodeCategory((char)unit));
        }

        return classes;
    }
}
