using System.Globalization;
using System.Text.RegularExpressions;

namespace Coppice.Corpus.Extraction;

/// <summary>Dates as pages write them, to <c>yyyy-MM-dd</c>. Where day and month can't be told apart, no date is given rather than a wrong one.</summary>
internal static partial class PageDates
{
    private static readonly string[][] Months =
    [
        ["jan", "janv", "januar", "january", "janvier", "enero", "ene", "gennaio", "gen", "janeiro", "januari", "jänner", "stycznia", "января"],
        ["feb", "februar", "february", "février", "févr", "fév", "febrero", "febbraio", "fevereiro", "fev", "februari", "lutego", "февраля"],
        ["mar", "march", "märz", "mär", "mrz", "mars", "marzo", "março", "maart", "marca", "марта"],
        ["apr", "april", "avril", "avr", "abril", "abr", "aprile", "kwietnia", "апреля"],
        ["may", "mai", "mayo", "maggio", "mag", "maio", "mei", "maja", "maj", "мая"],
        ["jun", "june", "juni", "juin", "junio", "giugno", "giu", "junho", "czerwca", "июня"],
        ["jul", "july", "juli", "juillet", "juil", "julio", "luglio", "lug", "julho", "lipca", "июля"],
        ["aug", "august", "août", "aout", "agosto", "ago", "augustus", "augusti", "sierpnia", "августа"],
        ["sep", "sept", "september", "septembre", "septiembre", "settembre", "set", "setembro", "września", "сентября"],
        ["oct", "october", "okt", "oktober", "octobre", "octubre", "ottobre", "ott", "outubro", "out", "października", "октября"],
        ["nov", "november", "novembre", "noviembre", "novembro", "listopada", "ноября"],
        ["dec", "december", "dez", "dezember", "décembre", "déc", "diciembre", "dic", "dicembre", "dezembro", "grudnia", "декабря"],
    ];

    private static readonly Dictionary<string, int> MonthNumbers = Months
        .SelectMany((names, month) => names.Select(name => (name, month: month + 1)))
        .ToDictionary(pair => pair.name, pair => pair.month, StringComparer.OrdinalIgnoreCase);

    /// <summary>The date that a field holds as its value, or null.</summary>
    public static string? Parse(string? value)
    {
        if (value is null || value.Length is < 8 or > 60) return null;
        if (LeadingIso().Match(value) is { Success: true } iso) return Valid(iso.Groups["y"].Value, iso.Groups["m"].Value, iso.Groups["d"].Value);
        return Find(value);
    }

    /// <summary>The first date in a text, or null.</summary>
    public static string? Find(string text)
    {
        if (AnyIso().Match(text) is { Success: true } iso) return Valid(iso.Groups["y"].Value, iso.Groups["m"].Value, iso.Groups["d"].Value);
        if (DayMonthName().Match(text) is { Success: true } named && Month(named) is { } month) return Valid(named.Groups["y"].Value, month, named.Groups["d"].Value);
        if (MonthNameDay().Match(text) is { Success: true } american && Month(american) is { } first) return Valid(american.Groups["y"].Value, first, american.Groups["d"].Value);
        if (Numeric().Match(text) is not { Success: true } numeric) return null;
        var (one, two) = (numeric.Groups["a"].Value, numeric.Groups["b"].Value);
        var dots = numeric.Groups["s"].Value == ".";
        if (dots || Number(one) > 12 || one == two) return Valid(numeric.Groups["y"].Value, two, one);
        return Number(two) > 12 ? Valid(numeric.Groups["y"].Value, one, two) : null;
    }

    /// <summary>The date in an address such as <c>/2024/06/30/title</c>, or null.</summary>
    public static string? FromUrl(string? url) =>
        url is not null && InUrl().Match(url) is { Success: true } match ? Valid(match.Groups["y"].Value, match.Groups["m"].Value, match.Groups["d"].Value) : null;

    private static string? Month(Match match) => MonthNumbers.TryGetValue(match.Groups["m"].Value, out var month) ? month.ToString(CultureInfo.InvariantCulture) : null;

    private static int Number(string digits) => int.Parse(digits, CultureInfo.InvariantCulture);

    private static string? Valid(string year, string month, string day)
    {
        var (y, m, d) = (Number(year), Number(month), Number(day));
        if (y is < 1990 or > 2100 || m is < 1 or > 12 || d < 1 || d > DateTime.DaysInMonth(y, m)) return null;
        return new DateOnly(y, m, d).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"^\s*(?<y>\d{4})[-/.](?<m>\d{1,2})[-/.](?<d>\d{1,2})(?!\d)", RegexOptions.CultureInvariant)]
    private static partial Regex LeadingIso();

    [GeneratedRegex(@"(?<!\d)(?<y>(?:19|20)\d\d)-(?<m>\d\d)-(?<d>\d\d)(?!\d)", RegexOptions.CultureInvariant)]
    private static partial Regex AnyIso();

    [GeneratedRegex(@"(?<!\d)(?<d>\d{1,2})(?:\.|st|nd|rd|th|er|º)?\s*(?:de\s+|of\s+)?(?<m>\p{L}{3,12})\.?,?\s*(?:de\s+|del\s+)?(?<y>(?:19|20)\d\d)(?!\d)", RegexOptions.CultureInvariant)]
    private static partial Regex DayMonthName();

    [GeneratedRegex(@"(?<m>\p{L}{3,12})\.?\s+(?<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?<y>(?:19|20)\d\d)(?!\d)", RegexOptions.CultureInvariant)]
    private static partial Regex MonthNameDay();

    [GeneratedRegex(@"(?<!\d)(?<a>\d{1,2})\s?(?<s>[./-])\s?(?<b>\d{1,2})\s?\k<s>\s?(?<y>(?:19|20)\d\d)(?!\d)", RegexOptions.CultureInvariant)]
    private static partial Regex Numeric();

    [GeneratedRegex(@"/(?<y>(?:19|20)\d\d)[/-](?<m>\d\d?)[/-](?<d>\d\d?)(?:[/.?#-]|$)", RegexOptions.CultureInvariant)]
    private static partial Regex InUrl();
}
