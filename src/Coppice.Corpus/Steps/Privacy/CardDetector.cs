namespace Coppice.Corpus.Privacy;

/// <summary>Finds numbers of payment cards: an issuer's first digits and length, the usual grouping or none, and the check digit of Luhn (ISO/IEC 7812).</summary>
internal static class CardDetector
{
    private const int Longest = 19;

    /// <summary>How many groups from one on are a card's number; 0 where they are none.</summary>
    public static int Match(ReadOnlySpan<char> text, NumberGroups groups, int first)
    {
        var start = groups.Start(first);
        if (Ascii.IsWordAt(text, start - 1) || Ascii.At(text, start - 1) is '.' or '/' or '-' or '+' or ',') return 0;
        Span<char> digits = stackalloc char[Longest];
        var length = 0;
        Span<int> shape = stackalloc int[5];
        var gap = '\0';
        for (var group = first; group < groups.Count && group - first < shape.Length; group++)
        {
            if (length + groups.Length(group) > Longest) return 0;
            groups.Digits(text, group).CopyTo(digits[length..]);
            length += groups.Length(group);
            shape[group - first] = groups.Length(group);
            if (HasUsualShape(shape[..(group - first + 1)], length) && EndsAt(text, groups.End(group)) && IsIssued(digits[..length]) && HasCheckDigit(digits[..length]))
            {
                return group - first + 1;
            }

            if (group + 1 == groups.Count) return 0;
            var between = groups.Gap(text, group);
            if (between.Length != 1 || between[0] is not (' ' or '-' or '\u00A0') || (gap != '\0' && between[0] != gap)) return 0;
            gap = between[0];
        }

        return 0;
    }

    private static bool EndsAt(ReadOnlySpan<char> text, int end) =>
        !Ascii.IsWordAt(text, end) && !(Ascii.At(text, end) is '.' or ',' or '-' or '/' && Ascii.IsDigitAt(text, end + 1));

    private static bool HasUsualShape(ReadOnlySpan<int> shape, int length) => length >= 13 && shape switch
    {
        [_] => true,
        [4, 6, 4 or 5] => true,
        [4, 4, 4, >= 1 and <= 4] => true,
        [4, 4, 4, 4, >= 1 and <= 3] => true,
        _ => false,
    };

    private static bool IsIssued(ReadOnlySpan<char> digits)
    {
        var length = digits.Length;
        var six = int.Parse(digits[..6], System.Globalization.CultureInfo.InvariantCulture);
        return (six / 10_000) switch
        {
            >= 40 and <= 49 => length is 13 or 16 or 19,
            >= 51 and <= 55 => length == 16,
            22 or 23 or 24 or 25 or 26 or 27 => length == 16 && six is >= 222_100 and <= 272_099,
            34 or 37 => length == 15,
            30 => length is >= 14 and <= 19 && six <= 305_999,
            36 or 38 or 39 => length is >= 14 and <= 19,
            35 => length >= 16 && six is >= 352_800 and <= 358_999,
            60 => length >= 16 && six / 100 == 6011,
            62 or 65 => length >= 16,
            64 => length >= 16 && six >= 644_000,
            50 or 58 or 63 or 67 => six / 100 is 5018 or 5020 or 5038 or 5893 or 6304 or 6759 or 6761 or 6762 or 6763,
            _ => false,
        };
    }

    private static bool HasCheckDigit(ReadOnlySpan<char> digits)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var digit = digits[digits.Length - 1 - i] - '0';
            if (i % 2 == 1) digit = digit > 4 ? (2 * digit) - 9 : 2 * digit;
            sum += digit;
        }

        return sum % 10 == 0;
    }
}
