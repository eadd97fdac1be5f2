using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Coppice.Foundation;

namespace Coppice.Tokenizers;

/// <summary>A pattern of <c>tokenizer.json</c>: a literal string, or a regular expression in the part of the syntax that Oniguruma and .NET read alike.</summary>
internal sealed class TextPattern
{
    // No pattern in use needs more; a hostile one stops here instead of never.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);
    private readonly Regex? regex;

    /// <summary>Creates a pattern.</summary>
    /// <param name="source">The string or the regular expression.</param>
    /// <param name="isRegex">Which of the two.</param>
    /// <exception cref="CoppiceException">.NET can't read the expression, or would read it differently.</exception>
    public TextPattern(string source, bool isRegex)
    {
        Source = source;
        IsRegex = isRegex;
        if (!isRegex) return;
        if (source.Contains("[:", StringComparison.Ordinal) || source.Contains("&&", StringComparison.Ordinal))
        {
            throw new CoppiceException($"the pattern {source} has POSIX classes or intersections of classes, which aren't supported");
        }

        try
        {
            regex = new Regex(source, RegexOptions.CultureInvariant, Timeout);
        }
        catch (ArgumentException error)
        {
            throw new CoppiceException($"the pattern {source} can't be read: {error.Message}", inner: error);
        }
    }

    public string Source { get; }

    public bool IsRegex { get; }

    /// <summary>The matches in a text, from left to right.</summary>
    /// <param name="text">The text.</param>
    /// <param name="alsoEmpty">Whether places where a regular expression matches nothing at all count too.</param>
    /// <exception cref="CoppiceException">The search took unreasonably long.</exception>
    public List<TextPiece> Matches(ReadOnlySpan<char> text, bool alsoEmpty = false)
    {
        var matches = new List<TextPiece>();
        if (regex is null)
        {
            if (Source.Length == 0) return matches;
            for (var position = 0; text[position..].IndexOf(Source, StringComparison.Ordinal) is >= 0 and var skipped;)
            {
                matches.Add(new TextPiece(position + skipped, Source.Length));
                position += skipped + Source.Length;
            }

            return matches;
        }

        try
        {
            var folded = FoldPlanes(text, out var positions);
            foreach (var match in regex.EnumerateMatches(folded))
            {
                if (match.Length == 0 && !alsoEmpty) continue;
                var start = positions is null ? match.Index : positions[match.Index];
                var end = positions is null ? match.Index + match.Length : positions[match.Index + match.Length];
                matches.Add(new TextPiece(start, end - start));
            }
        }
        catch (RegexMatchTimeoutException error)
        {
            var seconds = Timeout.TotalSeconds.ToString(CultureInfo.InvariantCulture);
            throw new CoppiceException($"the pattern {Source} took over {seconds} s on one text; use another tokenizer.json", inner: error);
        }

        return matches;
    }

    /// <summary>Writes the pattern as <c>tokenizer.json</c> holds it.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("pattern");
        writer.WriteString(IsRegex ? "Regex" : "String", Source);
        writer.WriteEndObject();
    }

    // .NET's expressions see a character above the basic plane as two surrogates, which are in no class. So each is searched for as one
    // character of the basic plane with the same Unicode category; positions maps back and is null where the text has no such character.
    private static ReadOnlySpan<char> FoldPlanes(ReadOnlySpan<char> text, out List<int>? positions)
    {
        positions = null;
        if (text.IndexOfAnyInRange('\uD800', '\uDFFF') < 0) return text;
        var folded = new List<char>(text.Length);
        positions = new List<int>(text.Length + 1);
        for (var i = 0; i < text.Length; i++)
        {
            positions.Add(i);
            if (!char.IsSurrogate(text[i]))
            {
                folded.Add(text[i]);
            }
            else if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
            {
                folded.Add(Representative(CharUnicodeInfo.GetUnicodeCategory(char.ConvertToUtf32(text[i], text[i + 1]))));
                i++;
            }
            else
            {
                folded.Add('\uFFFD');
            }
        }

        positions.Add(text.Length);
        return folded.ToArray();
    }

    /// <summary>A character of the basic plane that is in a category; none is in a range that patterns in use name.</summary>
    internal static char Representative(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => '\u10A0',
        UnicodeCategory.LowercaseLetter => '\u1D00',
        UnicodeCategory.ModifierLetter => '\u10FC',
        UnicodeCategory.OtherLetter => '\uA000',
        UnicodeCategory.NonSpacingMark => '\uA8C4',
        UnicodeCategory.SpacingCombiningMark => '\uA880',
        UnicodeCategory.DecimalDigitNumber => '\uA8D0',
        UnicodeCategory.LetterNumber => '\uA6E6',
        UnicodeCategory.OtherNumber => '\uA830',
        UnicodeCategory.OtherPunctuation => '\uA874',
        UnicodeCategory.MathSymbol => '\u2A00',
        UnicodeCategory.CurrencySymbol => '\uA838',
        UnicodeCategory.ModifierSymbol => '\uAB5B',
        UnicodeCategory.Format => '\u2060',
        UnicodeCategory.PrivateUse => '\uE000',
        UnicodeCategory.OtherNotAssigned => '\uFFFF',
        _ => '\u2800',
    };
}
