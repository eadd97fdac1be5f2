using System.Text.RegularExpressions;

namespace Coppice.Corpus;

/// <summary>Licences as texts name them, to the identifiers of SPDX.</summary>
internal static partial class Licences
{
    // As they read without the marks of comments, quotation marks and hyphens. More precise phrases stand first.
    private static readonly (string Phrase, string Licence)[] Phrases =
    [
        ("licensed under the apache license, version 2.0", "Apache-2.0"),
        ("apache license, version 2.0", "Apache-2.0"),
        ("mozilla public license, v. 2.0", "MPL-2.0"),
        ("mozilla public license, version 2.0", "MPL-2.0"),
        ("boost software license version 1.0", "BSL-1.0"),
        ("eclipse public license v2.0", "EPL-2.0"),
        ("eclipse public license 2.0", "EPL-2.0"),
        ("eclipse public license v1.0", "EPL-1.0"),
        ("this is free and unencumbered software", "Unlicense"),
        ("cc0 1.0 universal", "CC0-1.0"),
        ("creativecommons.org publicdomain zero 1.0", "CC0-1.0"),
        ("permission to use, copy, modify, and or distribute this software for any purpose", "ISC"),
        ("permission to use, copy, modify, and distribute this software for any purpose", "ISC"),
        ("permission is hereby granted, free of charge, to any person obtaining", "MIT"),
        ("under the mit license", "MIT"),
        ("mit license", "MIT"),
        ("this software is provided as is , without any express or implied warranty", "Zlib"),
    ];

    /// <summary>The licence in the header of a source file: its SPDX tag, else a phrase that only one licence uses; null where there is neither.</summary>
    /// <param name="text">The file's text, of which the beginning counts.</param>
    public static string? FromHeader(string text)
    {
        const int headerLength = 5000;
        var header = text.Length > headerLength ? text[..headerLength] : text;
        if (SpdxTag().Match(header) is { Success: true } tag) return tag.Groups["expression"].Value.Trim();
        var words = CommentMarks().Replace(header, " ").ToLowerInvariant();
        if (Gnu(words) is { } gnu) return gnu;
        foreach (var (phrase, licence) in Phrases)
        {
            if (words.Contains(phrase, StringComparison.Ordinal)) return licence;
        }

        if (!words.Contains("redistribution and use in source and binary forms", StringComparison.Ordinal)) return null;
        return words.Contains("neither the name", StringComparison.Ordinal) || words.Contains("may not be used to endorse", StringComparison.Ordinal) ? "BSD-3-Clause" : "BSD-2-Clause";
    }

    /// <summary>The licence that an address of Creative Commons stands for, or null.</summary>
    /// <param name="url">The address.</param>
    public static string? FromUrl(string? url)
    {
        if (url is null) return null;
        if (url.Contains("creativecommons.org/publicdomain/zero/1.0", StringComparison.OrdinalIgnoreCase)) return "CC0-1.0";
        return CreativeCommons().Match(url) is { Success: true } match
            ? $"CC-{match.Groups["terms"].Value.ToUpperInvariant()}-{match.Groups["version"].Value}"
            : null;
    }

    private static string? Gnu(string words)
    {
        var match = GnuLicence().Match(words);
        if (!match.Success) return null;
        var family = match.Groups["family"].Value switch { "lesser" or "library" => "LGPL", "affero" => "AGPL", _ => "GPL" };
        var version = GnuVersion().Match(words, match.Index);
        if (!version.Success) return null;
        var number = version.Groups["number"].Value;
        var later = words.Contains("any later version", StringComparison.Ordinal) ? "or-later" : "only";
        return $"{family}-{(number.Contains('.') ? number : number + ".0")}-{later}";
    }

    [GeneratedRegex(@"SPDX-License-Identifier:\s*(?<expression>[A-Za-z0-9.+\-() ]{2,100}?)\s*(?:\*/|-->|$|[\r\n#;])", RegexOptions.CultureInvariant)]
    private static partial Regex SpdxTag();

    [GeneratedRegex(@"[\s/*#;!""'%<>|-]+", RegexOptions.CultureInvariant)]
    private static partial Regex CommentMarks();

    [GeneratedRegex(@"gnu (?:(?<family>lesser|library|affero) )?general public licen[sc]e", RegexOptions.CultureInvariant)]
    private static partial Regex GnuLicence();

    [GeneratedRegex(@"version (?<number>[123](?:\.\d)?)", RegexOptions.CultureInvariant)]
    private static partial Regex GnuVersion();

    [GeneratedRegex(@"creativecommons\.org/licenses/(?<terms>by(?:-nc)?(?:-nd|-sa)?)/(?<version>\d\.\d)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex CreativeCommons();
}
