using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace Coppice.Corpus.Privacy;

/// <summary>
/// Finds public IP addresses. Four numbers with dots are also versions and sections: they are none after a word such as "version" or "section", nor, where they are
/// small, without a word such as "address" or "server" near them. Private, reserved and documentation ranges (RFC 6890) are left.
/// </summary>
internal static class IpAddressDetector
{
    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> Numbering = new HashSet<string>(
        [
            "version", "versions", "ver", "v", "release", "releases", "build", "revision", "rev", "section", "sections", "sec", "§", "§§", "chapter", "clause", "article", "art", "figure",
            "fig", "table", "paragraph", "para", "appendix", "annex", "rule", "item", "oid", "abschnitt", "kapitel", "ziffer", "nr", "anlage", "absatz", "firmware", "patch",
        ],
        StringComparer.OrdinalIgnoreCase).GetAlternateLookup<ReadOnlySpan<char>>();

    private static readonly SearchValues<string> Network = SearchValues.Create(
        ["ip", "address", "adresse", "host", "server", "dns", "gateway", "ping", "client", "router", "subnet", "proxy", "port", "connect", "login", "logged", "firewall", "resolver", "node"],
        StringComparison.OrdinalIgnoreCase);

    /// <summary>How many groups from one on are an IPv4 address: 4, or 0 where they are none.</summary>
    public static int MatchV4(ReadOnlySpan<char> text, NumberGroups groups, int first)
    {
        if (first + 3 >= groups.Count || (first > 0 && groups.Gap(text, first - 1) is ".")) return 0;
        Span<int> octets = stackalloc int[4];
        for (var i = 0; i < 4; i++)
        {
            var digits = groups.Digits(text, first + i);
            if (digits.Length > 3 || (digits.Length > 1 && digits[0] == '0') || (i < 3 && groups.Gap(text, first + i) is not ".")) return 0;
            octets[i] = int.Parse(digits, System.Globalization.CultureInfo.InvariantCulture);
            if (octets[i] > 255) return 0;
        }

        var start = groups.Start(first);
        var end = groups.End(first + 3);
        if (Ascii.IsWordAt(text, start - 1) || Ascii.At(text, start - 1) is '.' or '-' or '+' or '§') return 0;
        if (Ascii.IsWordAt(text, end) || (Ascii.At(text, end) is '.' or '-' && Ascii.IsWordAt(text, end + 1))) return 0;
        if (!IsPublic(octets) || Numbering.Contains(Ascii.WordBefore(text, start))) return 0;
        return MayBeVersion(octets) && !IsAboutNetworks(text, start, end) ? 0 : 4;
    }

    /// <summary>Finds IPv6 addresses.</summary>
    public static void FindV6(ReadOnlySpan<char> text, List<PiiFinding> findings)
    {
        for (var i = 0; i < text.Length;)
        {
            var colon = text[i..].IndexOf(':');
            if (colon < 0) return;
            colon += i;
            i = colon + 1;
            // Public addresses begin with 2 or 3 and three more hexadecimal digits.
            var start = colon - 4;
            if (start < 0 || text[start] is not ('2' or '3') || Ascii.IsWordAt(text, start - 1) || Ascii.At(text, start - 1) is ':' or '.') continue;
            var end = colon;
            while (end < text.Length && end - start < 46 && (char.IsAsciiHexDigit(text[end]) || text[end] is ':' or '.')) end++;
            while (end > colon && (text[end - 1] == '.' || (text[end - 1] == ':' && text[end - 2] != ':'))) end--;
            if (end - colon < 5 || Ascii.IsWordAt(text, end) || !IPAddress.TryParse(text[start..end], out var address) || !IsPublicV6(address)) continue;
            findings.Add(new PiiFinding(start, end - start, PiiKind.IpAddress));
            i = end;
        }
    }

    /// <summary>Whether the numbers are as small as those of versions: about 3 in 100 addresses are too.</summary>
    private static bool MayBeVersion(ReadOnlySpan<int> octets)
    {
        var large = 0;
        var tiny = 0;
        foreach (var octet in octets)
        {
            large += octet >= 128 ? 2 : octet >= 64 ? 1 : 0;
            if (octet < 10) tiny++;
        }

        return large < 2 || (octets[0] <= 20 && tiny - (octets[0] < 10 ? 1 : 0) > 0);
    }

    private static bool IsAboutNetworks(ReadOnlySpan<char> text, int start, int end)
    {
        if (Ascii.At(text, end) is ':' or '/' && Ascii.IsDigitAt(text, end + 1)) return true;
        var after = text[end..Math.Min(text.Length, end + 16)];
        return Ascii.HasWord(Ascii.Before(text, start, 40), Network) || Ascii.HasWord(after, Network);
    }

    private static bool IsPublic(ReadOnlySpan<int> octets) => octets switch
    {
        [0 or 10 or 127 or >= 224, ..] => false,
        [100, >= 64 and <= 127, ..] => false,
        [169, 254, ..] => false,
        [172, >= 16 and <= 31, ..] => false,
        [192, 168, ..] or [192, 0, 0 or 2, _] or [192, 88, 99, _] => false,
        [198, 18 or 19, ..] or [198, 51, 100, _] or [203, 0, 113, _] => false,
        _ => true,
    };

    private static bool IsPublicV6(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return false;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        var isDocumentation = bytes is [0x20, 0x01, 0x0D, 0xB8, ..] || bytes is [0x3F, 0xFF, < 0x10, ..];
        var isSpecial = bytes is [0x20, 0x01, < 0x02, ..];
        return (bytes[0] & 0xE0) == 0x20 && !isDocumentation && !isSpecial;
    }
}
