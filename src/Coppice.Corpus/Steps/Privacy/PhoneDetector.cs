using System.Buffers;

namespace Coppice.Corpus.Privacy;

/// <summary>
/// Finds telephone numbers: international ones (+ or 00, a country's code, as many digits as numbers have there), North American ones (3-3-4), ones with a trunk prefix 0
/// as most of Europe and Australia writes them, and after a word such as "tel." others of 7 to 13 digits. What looks like a date, a range of years, a book's or a
/// section's number, or stands in a row of numbers is none.
/// </summary>
internal static class PhoneDetector
{
    private const int MostGroups = 8;

    private static readonly SearchValues<string> PhoneWords = SearchValues.Create(
        [
            "tel", "phone", "fax", "mobile", "mobil", "cell", "handy", "whatsapp", "hotline", "sms", "rufnummer", "durchwahl", "fon:", "téléphone", "portable", "teléfono", "móvil",
            "cellulare", "ph:", "ph.", "call", "dial", "contact", "reach", "text ", "ruf",
        ],
        StringComparison.OrdinalIgnoreCase);

    private static readonly SearchValues<string> SurePhoneWords = SearchValues.Create(
        ["tel:", "tel.", "tel ", "telephone", "telefon", "telefax", "phone", "fax", "mobile", "mobil", "handy", "whatsapp", "hotline", "sms", "rufnummer", "téléphone", "teléfono", "móvil", "ph:"],
        StringComparison.OrdinalIgnoreCase);

    private static readonly SearchValues<string> OtherNumbers = SearchValues.Create(
        ["isbn", "issn", "doi", "arxiv", "pmid", "oclc", "section", "sec.", "§", "law", "stat.", "act", "article", "version", "order", "invoice", "docket", "case", "serial", "part", "id", "rfc"],
        StringComparison.OrdinalIgnoreCase);

    /// <summary>How many groups from one on are a telephone number; 0 where they are none.</summary>
    /// <param name="text">The text.</param>
    /// <param name="groups">The digits.</param>
    /// <param name="first">The first group.</param>
    /// <param name="start">Where the number begins: at a plus or bracket, where there is one.</param>
    /// <param name="end">Where it ends, an extension included.</param>
    public static int Match(ReadOnlySpan<char> text, NumberGroups groups, int first, out int start, out int end)
    {
        start = groups.Start(first);
        var hasBracket = Ascii.At(text, start - 1) == '(' && text[start..Math.Min(text.Length, start + 7)].Contains(')');
        if (hasBracket) start--;
        var hasPlus = Ascii.At(text, groups.Start(first) - 1) == '+';
        if (hasPlus) start = groups.Start(first) - 1;
        if (hasPlus && Ascii.At(text, start - 1) == '(') start--;
        end = start;
        if (!MayBeginAt(text, start)) return 0;
        var count = hasPlus ? International(text, groups, first, 0) : National(text, groups, first, start, hasBracket);
        if (count == 0) return 0;
        end = EndOfExtension(text, groups.End(first + count - 1));
        return MayEndAt(text, end) ? count : 0;
    }

    private static int National(ReadOnlySpan<char> text, NumberGroups groups, int first, int start, bool hasBracket)
    {
        var before = Ascii.Before(text, start, 25);
        var isSure = Ascii.HasWord(before, SurePhoneWords);
        var isHinted = isSure || Ascii.HasWord(before, PhoneWords);
        if (!isSure && Ascii.HasWord(Ascii.Before(text, start, 16), OtherNumbers)) return 0;
        var digits = groups.Digits(text, first);
        if (digits.StartsWith("00") && digits.Length > 2)
        {
            var count = International(text, groups, first, 2);
            if (count > 0 && (isHinted || !HasNeighbour(text, groups, first, first + count - 1))) return count;
        }

        if (NorthAmerican(text, groups, first, hasBracket, isHinted) is var american and > 0) return american;
        if (Trunk(text, groups, first, hasBracket, isHinted) is var trunk and > 0) return trunk;
        return isSure ? Announced(text, groups, first) : 0;
    }

    /// <summary>A country's code and as many digits as it has, from the group on; the first digits of it are skipped.</summary>
    private static int International(ReadOnlySpan<char> text, NumberGroups groups, int first, int skipped)
    {
        Span<char> digits = stackalloc char[16];
        var length = 0;
        var best = 0;
        for (var group = first; group < groups.Count && group - first < MostGroups; group++)
        {
            if (group > first && !IsGapInNumber(groups.Gap(text, group - 1))) break;
            var part = groups.Digits(text, group)[(group == first ? skipped : 0)..];
            // +49 (0)30: the trunk prefix in brackets is not dialled.
            if (group > first && part is "0" && Ascii.At(text, groups.Start(group) - 1) == '(') continue;
            if (length + part.Length > digits.Length - 1) break;
            part.CopyTo(digits[length..]);
            length += part.Length;
            if (IsDiallable(digits[..length], isWritten: group > first)) best = group - first + 1;
        }

        return best;
    }

    private static bool IsDiallable(ReadOnlySpan<char> digits, bool isWritten)
    {
        if (CallingCodes.Match(digits) is not { } country) return false;
        var length = digits.Length - country.Length;
        // Without separators, a number of few digits is a signed quantity.
        return length >= country.MinDigits && length <= country.MaxDigits && (isWritten || digits.Length >= 10) && (country.Length > 1 || digits[0] != '1' || digits[1] >= '2');
    }

    private static int NorthAmerican(ReadOnlySpan<char> text, NumberGroups groups, int first, bool hasBracket, bool isHinted)
    {
        var area = first;
        var isPrefixed = groups.Digits(text, first) is "1" or "001" && !hasBracket;
        if (isPrefixed && first + 1 < groups.Count && IsGapInNumber(groups.Gap(text, first))) area++;
        else if (isHinted && groups.Length(first) == 10 && groups.Digits(text, first)[0] >= '2') return 1;
        else isPrefixed = false;
        if (area + 2 >= groups.Count || groups.Length(area) != 3 || groups.Length(area + 1) != 3 || groups.Length(area + 2) != 4) return 0;
        var between = groups.Gap(text, area);
        var after = groups.Gap(text, area + 1);
        var inBrackets = Ascii.At(text, groups.Start(area) - 1) == '(' && between is ")" or ") " or ")-" or ").";
        if (!inBrackets && between is not ("-" or "." or " " or "\u2011" or "\u00A0")) return 0;
        if (inBrackets ? after is not ("-" or "." or " " or "\u2011" or "\u00A0") : !after.SequenceEqual(between)) return 0;
        var isPlausible = groups.Digits(text, area)[0] >= '2' || isHinted;
        // With spaces or dots alone it may be part of a table or a measurement.
        var isLoose = !inBrackets && !isPrefixed && !isHinted && between is not ("-" or "\u2011");
        if (isLoose && (groups.Digits(text, area + 1)[0] < '2' || HasNeighbour(text, groups, first, area + 2))) return 0;
        return isPlausible ? area + 3 - first : 0;
    }

    /// <summary>A trunk prefix 0, an area code of 2 to 5 digits with it, then 5 to 9 digits.</summary>
    private static int Trunk(ReadOnlySpan<char> text, NumberGroups groups, int first, bool hasBracket, bool isHinted)
    {
        var area = groups.Digits(text, first);
        if (area[0] != '0' || (area.Length > 1 && area[1] == '0')) return 0;
        if (area.Length is 10 or 11 && isHinted) return 1;
        if (area.Length is < 2 or > 5) return 0;
        var length = area.Length;
        var best = 0;
        var pairs = area.Length == 2 ? 1 : 0;
        var mayBePairs = pairs == 1;
        for (var group = first + 1; group < groups.Count && group - first < 6; group++)
        {
            var gap = groups.Gap(text, group - 1);
            if (!IsGapInNumber(gap) || (gap is "." && !mayBePairs)) break;
            length += groups.Length(group);
            mayBePairs &= groups.Length(group) == 2;
            if (mayBePairs) pairs++;
            // In pairs (01 23 45 67 89) there are five of them, as in France.
            if (mayBePairs && pairs != 5) continue;
            if (length > (isHinted ? 12 : 11) || groups.Length(group) == 1) break;
            var isShort = length < (isHinted || hasBracket || groups.Gap(text, first) is "/" or " / " ? 9 : 10);
            if (!isShort && !IsSequence(text, groups, first, group)) best = group - first + 1;
            if (mayBePairs) break;
        }

        return best > 0 && !(HasNeighbour(text, groups, first, first + best - 1) && !isHinted && !hasBracket) ? best : 0;
    }

    /// <summary>Digits after a word that announces a telephone number.</summary>
    private static int Announced(ReadOnlySpan<char> text, NumberGroups groups, int first)
    {
        var length = 0;
        var best = 0;
        for (var group = first; group < groups.Count && group - first < MostGroups; group++)
        {
            if (group > first && (groups.Gap(text, group - 1) is "." || !IsGapInNumber(groups.Gap(text, group - 1)))) break;
            length += groups.Length(group);
            if (length > 13) break;
            if (length >= 7 && !IsDate(text, groups, first, group)) best = group - first + 1;
        }

        return best;
    }

    private static bool IsDate(ReadOnlySpan<char> text, NumberGroups groups, int first, int last)
    {
        var count = last - first + 1;
        if (count == 2 && IsYear(groups.Digits(text, first)) && IsYear(groups.Digits(text, last))) return true;
        if (count != 3) return false;
        return (IsYear(groups.Digits(text, first)) && groups.Length(first + 1) <= 2 && groups.Length(last) <= 2)
            || (groups.Length(first) <= 2 && groups.Length(first + 1) <= 2 && IsYear(groups.Digits(text, last)));
    }

    private static bool IsYear(ReadOnlySpan<char> digits) => digits.Length == 4 && (digits.StartsWith("19") || digits.StartsWith("20") || digits.StartsWith("18"));

    /// <summary>Whether groups of two count up, as in 01 02 03 04 05.</summary>
    private static bool IsSequence(ReadOnlySpan<char> text, NumberGroups groups, int first, int last)
    {
        for (var group = first + 1; group <= last; group++)
        {
            var step = Value(groups.Digits(text, group)) - Value(groups.Digits(text, group - 1));
            if (groups.Length(group) != groups.Length(first) || step is < 0 or > 2) return false;
        }

        return true;

        static long Value(ReadOnlySpan<char> digits) => digits.Length > 9 ? 0 : long.Parse(digits, System.Globalization.CultureInfo.InvariantCulture);
    }

    private static bool HasNeighbour(ReadOnlySpan<char> text, NumberGroups groups, int first, int last) =>
        (first > 0 && groups.Gap(text, first - 1).Trim().IsEmpty) || (last + 1 < groups.Count && groups.Gap(text, last).Trim().IsEmpty);

    private static bool IsGapInNumber(ReadOnlySpan<char> gap) =>
        gap is " " or "-" or "." or "/" or ")" or "(" or ") " or " (" or ")-" or "-(" or " - " or " / " or ")/" or "\u00A0" or "\u2011" or "\u2013" or "\u202F";

    private static bool MayBeginAt(ReadOnlySpan<char> text, int start)
    {
        var before = Ascii.At(text, start - 1);
        if (Ascii.IsWordAt(text, start - 1) || before is '=' or '@' or '#' or '$' or '€' or '£' or '%' or '&' or '\\' or '+' or '§' or '*' or '^') return false;
        if (before is '/' or '-' && !char.IsWhiteSpace(Ascii.At(text, start - 2))) return false;
        return !(before is '.' or ',' or ':' && Ascii.IsDigitAt(text, start - 2));
    }

    private static bool MayEndAt(ReadOnlySpan<char> text, int end)
    {
        var after = Ascii.At(text, end);
        if (Ascii.IsWordAt(text, end) || after is '%' or '@' or '=' or '$' or '€' or '°') return false;
        return !(after is '-' or '.' or ',' or '/' or ':' or '*' && (Ascii.IsDigitAt(text, end + 1) || (after == '-' && Ascii.IsWordAt(text, end + 1))));
    }

    private static int EndOfExtension(ReadOnlySpan<char> text, int end)
    {
        var next = end;
        while (next < text.Length && text[next] is ' ' or ',' && next - end < 2) next++;
        foreach (var word in (ReadOnlySpan<string>)["extension", "ext.", "ext", "x"])
        {
            if (!text[next..].StartsWith(word, StringComparison.OrdinalIgnoreCase)) continue;
            var digits = next + word.Length;
            if (Ascii.At(text, digits) == ' ') digits++;
            var last = digits;
            while (last < text.Length && last - digits < 6 && char.IsAsciiDigit(text[last])) last++;
            return last > digits ? last : end;
        }

        return end;
    }
}
