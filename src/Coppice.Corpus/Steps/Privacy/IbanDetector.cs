using System.Buffers;

namespace Coppice.Corpus.Privacy;

/// <summary>Finds international bank account numbers (ISO 13616): a country, its length, the check by 97; written together or in groups of four.</summary>
internal static class IbanDetector
{
    private static readonly Dictionary<string, int> Lengths = Parse(
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 "
        + "GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 "
        + "PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30");

    private static readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> LengthOf = Lengths.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly SearchValues<char> Capitals = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ");

    public static void Find(ReadOnlySpan<char> text, List<PiiFinding> findings)
    {
        for (var i = 0; i < text.Length;)
        {
            var next = text[i..].IndexOfAny(Capitals);
            if (next < 0) return;
            i += next;
            var end = Match(text, i);
            if (end > 0) findings.Add(new PiiFinding(i, end - i, PiiKind.Iban));
            i = Math.Max(end, i + 1);
        }
    }

    private static int Match(ReadOnlySpan<char> text, int start)
    {
        if (!Ascii.IsDigitAt(text, start + 2) || !Ascii.IsDigitAt(text, start + 3) || Ascii.IsWordAt(text, start - 1)) return 0;
        if (!LengthOf.TryGetValue(text.Slice(start, 2), out var length)) return 0;
        Span<char> number = stackalloc char[34];
        var count = 0;
        var end = start;
        while (count < length && end < text.Length)
        {
            var unit = text[end];
            if (char.IsAsciiLetterUpper(unit) || char.IsAsciiDigit(unit)) number[count++] = unit;
            else if (unit is not (' ' or '\u00A0' or '-') || count % 4 != 0 || !char.IsAsciiLetterOrDigit(Ascii.At(text, end + 1))) return 0;
            end++;
        }

        return count == length && !Ascii.IsWordAt(text, end) && Remainder(number[4..count], number[..4]) == 1 ? end : 0;
    }

    /// <summary>The number with its first four characters moved to the end and letters written as 10 to 35, modulo 97.</summary>
    private static int Remainder(ReadOnlySpan<char> body, ReadOnlySpan<char> head)
    {
        var remainder = 0;
        foreach (var part in (ReadOnlySpan<string>)[body.ToString(), head.ToString()])
        {
            foreach (var unit in part) remainder = (char.IsAsciiDigit(unit) ? (remainder * 10) + unit - '0' : (remainder * 100) + unit - 'A' + 10) % 97;
        }

        return remainder;
    }

    private static Dictionary<string, int> Parse(string lengths) =>
        lengths.Split(' ').ToDictionary(entry => entry[..2], entry => int.Parse(entry.AsSpan(2), System.Globalization.CultureInfo.InvariantCulture));
}
