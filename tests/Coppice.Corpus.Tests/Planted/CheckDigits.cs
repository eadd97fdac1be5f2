using System.Globalization;
using System.Numerics;

namespace Coppice.Corpus.Tests.Planted;

/// <summary>The check digits of account and card numbers, computed as their standards say it.</summary>
internal static class CheckDigits
{
    /// <summary>The two check digits of an IBAN (ISO 13616): 98 less the number with the country and 00 behind it, letters as 10 to 35, modulo 97.</summary>
    public static string OfIban(string country, string account)
    {
        var number = string.Concat((account + country + "00").Select(sign => char.IsAsciiDigit(sign) ? sign.ToString() : (sign - 'A' + 10).ToString(CultureInfo.InvariantCulture)));
        return (98 - (int)(BigInteger.Parse(number, CultureInfo.InvariantCulture) % 97)).ToString("00", CultureInfo.InvariantCulture);
    }

    /// <summary>A number with the check digit of Luhn behind it (ISO/IEC 7812).</summary>
    public static string WithLuhn(string digits)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var doubled = (digits[^(i + 1)] - '0') * (i % 2 == 0 ? 2 : 1);
            sum += (doubled / 10) + (doubled % 10);
        }

        return digits + ((10 - (sum % 10)) % 10).ToString(CultureInfo.InvariantCulture);
    }
}
